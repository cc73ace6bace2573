package main_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// terminal is a terminal with a program at it.
type terminal struct {
	t      *testing.T
	master *os.File
	shown  *output
	done   chan struct{}
	cmd    *exec.Cmd
}

// startAtTerminal runs the program at a terminal of its own.
func (s *shop) startAtTerminal(stdout io.Writer, args ...string) *terminal {
	s.t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { master.Close() })
	number, unlocked := 0, 0
	for request, value := range map[uintptr]*int{syscall.TIOCGPTN: &number, syscall.TIOCSPTLCK: &unlocked} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), request, uintptr(unsafe.Pointer(value))); errno != 0 {
			s.t.Fatal(errno)
		}
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	defer slave.Close()
	c := &terminal{t: s.t, master: master, shown: newOutput(), done: make(chan struct{}), cmd: exec.Command(binary, args...)}
	c.cmd.Env = append(os.Environ(), "LOGINROCKET_URL="+s.env["LOGINROCKET_URL"])
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = slave, slave, slave
	if stdout != nil {
		c.cmd.Stdout = stdout
	}
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true} // so that Ctrl-C reaches it
	if err := c.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		io.Copy(c.shown, master) // until the last one closes the other side
		close(read)
	}()
	go func() {
		c.cmd.Wait()
		<-read
		close(c.done)
	}()
	s.t.Cleanup(func() {
		c.cmd.Process.Kill()
		<-c.done
	})
	return c
}

// answer waits for a prompt, and types the answer.
func (c *terminal) answer(prompt, text string) {
	c.t.Helper()
	timeout := time.After(maxWait)
	for {
		shown, grew := c.shown.read()
		if strings.HasSuffix(shown, prompt) {
			break
		}
		select {
		case <-grew:
		case <-timeout:
			c.t.Fatalf("the program does not ask %q; it shows %q", prompt, shown)
		}
	}
	if _, err := io.WriteString(c.master, text); err != nil {
		c.t.Fatal(err)
	}
}

// end waits for the end, and returns the exit status and what was shown.
func (c *terminal) end() (int, string) {
	c.t.Helper()
	select {
	case <-c.done:
	case <-time.After(maxWait):
		c.t.Fatalf("the program does not end; it shows %q", c.shown)
	}
	return c.cmd.ProcessState.ExitCode(), c.shown.String()
}

func TestLoginAtATerminal(t *testing.T) {
	t.Parallel()
	const password = "geheime maschine"
	newUser := func(t *testing.T) *shop {
		s := newShopWithoutApp(t)
		if err := s.realm.SetPassword(s.ada.ID, password); err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Run("neither password nor token is shown", func(t *testing.T) {
		t.Parallel()
		s := newUser(t)
		code := s.enrol()
		c := s.startAtTerminal(nil, "login")
		c.answer("Email: ", "ada@example.com\n")
		c.answer("Password: ", password+"\n")
		c.answer("Code of the second factor: ", code()+"\n")
		status, shown := c.end()
		if status != 0 || !strings.Contains(shown, `Logged in as "Ada"`) || !strings.Contains(shown, "not printed on a terminal") {
			t.Errorf("got %d, %q", status, shown)
		}
		if strings.Contains(shown, "geheim") || strings.Contains(shown, "eyJ") || !strings.Contains(shown, "ada@example.com") {
			t.Errorf("the terminal shows %q", shown)
		}
	})
	t.Run("the token with -token", func(t *testing.T) {
		t.Parallel()
		c := newUser(t).startAtTerminal(nil, "login", "-token", "-email", "ada@example.com")
		c.answer("Password: ", password+"\n")
		if status, shown := c.end(); status != 0 || !strings.Contains(shown, "\neyJ") || strings.Contains(shown, "geheim") {
			t.Errorf("got %d, %q", status, shown)
		}
	})
	t.Run("the token goes into a pipe", func(t *testing.T) {
		t.Parallel()
		pipe := newOutput()
		s := newUser(t)
		c := s.startAtTerminal(pipe, "login")
		c.answer("Email: ", "ada@example.com\n")
		c.answer("Password: ", password+"\n")
		status, shown := c.end()
		if status != 0 || strings.Contains(shown, "eyJ") || strings.Contains(shown+pipe.String(), "geheim") {
			t.Errorf("got %d, %q", status, shown)
		}
		if o := s.run(pipe.String(), "explain"); o.status != 0 {
			t.Errorf("the pipe has %q", o.stdout)
		}
	})
	t.Run("Ctrl-C at the password leaves a terminal that shows what is typed", func(t *testing.T) {
		t.Parallel()
		c := newUser(t).startAtTerminal(nil, "login", "-email", "ada@example.com")
		c.answer("Password: ", "gehe\x03")
		status, shown := c.end()
		if status == 0 || strings.Contains(shown, "gehe") {
			t.Errorf("got %d, %q", status, shown)
		}
		var state syscall.Termios
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, c.master.Fd(), syscall.TCGETS, uintptr(unsafe.Pointer(&state))); errno != 0 {
			t.Fatal(errno)
		}
		if state.Lflag&syscall.ECHO == 0 {
			t.Error("the terminal does not show what is typed")
		}
	})
}
