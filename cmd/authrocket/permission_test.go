//go:build unix

package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// unprivilegedUID is a user with few rights: root may read and write everything.
const unprivilegedUID = 65534

func TestDataWithoutPermission(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name               string
		fileMode, dirMode  os.FileMode
		wantPart, wantLast string
	}{
		{name: "to read the file", fileMode: 0o000, dirMode: 0o777, wantPart: "authrocket dev: -data: open ", wantLast: "realm.json: permission denied\n"},
		{name: "to write into the folder", fileMode: 0o444, dirMode: 0o555, wantPart: "authrocket dev: -data: the realm is not saved: open ", wantLast: ".realm.json.authrocket-tmp: permission denied\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			name, text := filepath.Join(dir, "realm.json"), savedRealm(t)
			writeFile(t, name, text)
			for path, mode := range map[string]os.FileMode{name: row.fileMode, dir: row.dirMode, filepath.Dir(dir): 0o755} {
				if err := os.Chmod(path, mode); err != nil {
					t.Fatal(err)
				}
			}
			t.Cleanup(func() { os.Chmod(dir, 0o700) })
			cmd := exec.Command(binary, "dev", "-addr", "localhost:0", "-core-addr", "localhost:0", "-data", name)
			if os.Getuid() == 0 {
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: unprivilegedUID, Gid: unprivilegedUID}}
			}
			p := run(t, cmd)
			if code := p.exitCode(); code != 1 || !strings.HasPrefix(p.stderr.String(), row.wantPart) || !strings.HasSuffix(p.stderr.String(), row.wantLast) {
				t.Errorf("got exit code %d, %s", code, p.stderr)
			}
			if err := os.Chmod(name, 0o600); err != nil {
				t.Fatal(err)
			}
			if got := string(readFile(t, name)); got != text {
				t.Errorf("the file is now %q", got)
			}
		})
	}
}
