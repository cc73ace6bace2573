package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/loginrocket"
)

const loginUsage = `Usage: authrocket login [flags]

Logs in through the LoginRocket API at LOGINROCKET_URL, for tests. It asks for the
email, for the password without showing it, and for the code of a second factor if there
is one. If standard input is not a terminal, it reads one line for each.

It prints the login token to standard output if that is not a terminal. To see what is in
the token, run authrocket login | authrocket explain. On a terminal it prints the token
only with -token: anyone who has it can act as the user until it expires. The session at
LoginRocket continues until it expires.

The exit status is 0 after a login, 1 if it is refused or not complete, 2 if a flag or
the environment is wrong, and 3 if LoginRocket does not answer.
`

// login logs in and prints the login token.
func login(ctx context.Context, args []string, c console) error {
	flags := flag.NewFlagSet("login", flag.ContinueOnError)
	email := flags.String("email", "", "`address` or username to log in with (default: the command asks for it)")
	account := flags.String("account", "", "`ID` of the account to select, org_... (default: the one that LoginRocket selects)")
	showToken := flags.Bool("token", false, "print the login token even on a terminal")
	if err := parseFlags(flags, args, c.stdout, loginUsage); err != nil {
		return err
	}
	config := loginrocket.ConfigFromEnv()
	config.Agent = "authrocket-login"
	client, err := loginrocket.New(config)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	ask := newAsker(c)
	if *email == "" {
		if *email, err = ask.text(ctx, "Email: "); err != nil {
			return &exitError{exitUsage, err}
		}
	}
	password, err := ask.hidden(ctx, "Password: ")
	if err != nil {
		return &exitError{exitUsage, err}
	}
	result, err := client.Login(ctx, *email, password)
	if err != nil {
		return loginError(err)
	}
	if code, needed := pendingOf(result); needed {
		if result, err = verifyCode(ctx, client, ask, code); err != nil {
			return err
		}
	}
	if *account != "" && result.Account != *account && !result.SessionID().IsZero() {
		if result, err = client.Session(ctx, result.SessionID(), *account); err != nil {
			return loginError(err)
		}
	}
	return finishLogin(c, result, *account, *showToken)
}

// pendingOf returns the token of a login that needs a code.
func pendingOf(result loginrocket.Result) (pending coreapi.Secret, needed bool) {
	if _, isFull := result.Token(); isFull || !result.SessionID().IsZero() {
		return coreapi.Secret{}, false
	}
	var answer struct {
		Token coreapi.Secret `json:"token"`
	}
	if result.Decode(&answer) != nil {
		return coreapi.Secret{}, false
	}
	return answer.Token, !answer.Token.IsZero()
}

// maxCodes is how many times the command asks for a code.
const maxCodes = 3

func verifyCode(ctx context.Context, client *loginrocket.Client, ask *asker, pending coreapi.Secret) (loginrocket.Result, error) {
	for n := 1; ; n++ {
		code, err := ask.text(ctx, "Code of the second factor: ")
		if err != nil {
			return loginrocket.Result{}, &exitError{exitUsage, err}
		}
		result, err := client.VerifyLogin(ctx, url.Values{"token": {pending.Reveal()}, "code": {code}})
		if err == nil {
			return result, nil
		}
		if n == maxCodes || !errors.Is(err, loginrocket.ErrRefused) {
			return loginrocket.Result{}, loginError(err)
		}
		fmt.Fprintln(ask.prompts, printable(strings.Join(append(loginrocket.Messages(err), "Try again."), " ")))
	}
}

// finishLogin prints the token, unless standard output is a terminal and -token is
// missing.
func finishLogin(c console, result loginrocket.Result, account string, showToken bool) error {
	if err := result.Err(); err != nil {
		if slices.Contains(result.Conditions, loginrocket.NoAccountSelected) {
			return fmt.Errorf("%w; the user has several accounts or none: select one with -account and its ID", err)
		}
		return fmt.Errorf("%w; sign in once at LoginRocket in a browser, which shows what is missing", err)
	}
	if account != "" && result.Account != account {
		return fmt.Errorf("the user is not a member of the account in -account: LoginRocket selected %s", jsonText(result.Account))
	}
	token, _ := result.Token()
	who := "The login is complete"
	if u, err := readUnverified(token); err == nil {
		who = "Logged in as " + jsonText(u.text("name"))
		if result.Account != "" {
			who += ", account " + jsonText(result.Account)
		}
	}
	fmt.Fprintf(c.stderr, "%s.\n", who)
	if showToken || !isTerminal(c.stdout) {
		fmt.Fprintln(c.stdout, token)
		return nil
	}
	fmt.Fprintln(c.stderr, "The login token is not printed on a terminal. Use authrocket login | authrocket explain, or -token.")
	return nil
}

// loginError returns err with its exit status.
func loginError(err error) error {
	if errors.Is(err, loginrocket.ErrUnavailable) {
		return &exitError{exitUndecided, err}
	}
	return err
}

// asker asks for the inputs of a login: on a terminal, or line by line from a file or
// pipe.
type asker struct {
	prompts  io.Writer
	terminal *os.File // nil if standard input is not a terminal
	lines    *bufio.Reader
}

func newAsker(c console) *asker {
	a := &asker{prompts: c.stderr, lines: bufio.NewReader(io.LimitReader(c.stdin, maxAnswersBytes))}
	if isTerminal(c.stdin) {
		a.terminal = c.stdin.(*os.File)
	}
	return a
}

func isTerminal(v any) bool {
	file, ok := v.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

const (
	maxLineBytes    = 4 << 10  // of an answer
	maxAnswersBytes = 64 << 10 // of all answers
)

// text returns a line without the white space around it. It stops waiting when ctx ends.
func (a *asker) text(ctx context.Context, prompt string) (string, error) {
	if a.terminal != nil {
		fmt.Fprint(a.prompts, prompt)
	}
	line, err := a.read(ctx, prompt, a.line)
	return strings.TrimSpace(line), err
}

func (a *asker) line() (string, error) {
	line, err := a.lines.ReadString('\n')
	if err == io.EOF && line != "" {
		err = nil
	}
	return line, err
}

// hidden returns a line that the terminal does not show.
func (a *asker) hidden(ctx context.Context, prompt string) (coreapi.Secret, error) {
	if a.terminal == nil {
		line, err := a.read(ctx, prompt, a.line)
		return coreapi.Hide(strings.TrimRight(line, "\r\n")), err
	}
	// The terminal is in raw mode before the prompt appears, so that it does not show
	// what a fast typist enters.
	descriptor := int(a.terminal.Fd())
	before, err := term.MakeRaw(descriptor)
	if err != nil {
		return coreapi.Secret{}, err
	}
	defer term.Restore(descriptor, before) // even if ctx ends before the user has answered
	raw := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{a.terminal, a.prompts}, "")
	line, err := a.read(ctx, prompt, func() (string, error) { return raw.ReadPassword(prompt) })
	return coreapi.Hide(line), err
}

// read reads an answer. It returns early if ctx ends. A read from a terminal cannot be
// cancelled, so that read continues until the program ends.
func (a *asker) read(ctx context.Context, prompt string, read func() (string, error)) (string, error) {
	type answer struct {
		line string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := read()
		answers <- answer{line, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case got := <-answers:
		switch {
		case got.err == io.EOF:
			return "", fmt.Errorf("standard input ended without an answer to %q", strings.TrimSpace(prompt))
		case got.err != nil:
			return "", fmt.Errorf("standard input: %w", got.err)
		case len(got.line) > maxLineBytes:
			return "", errors.New("the answer is too long")
		case strings.TrimSpace(got.line) == "":
			return "", errors.New("the answer is empty")
		}
		return got.line, nil
	}
}
