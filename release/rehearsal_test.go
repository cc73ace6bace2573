// Package release_test rehearses the next release of the last commit: it prepares
// the release as the person who makes it does, and then uses it from a module
// proxy, as everybody else does.
package release_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const root = "github.com/authrocket-go/authrocket"

func TestRehearsal(t *testing.T) {
	docs := documents(t)
	readme, start, changelog := docs["README.md"], docs["docs/start.md"], docs["CHANGELOG.md"]
	version := nextVersion(t, changelog)
	release := prepare(t, commandOf(t, docs["CONTRIBUTING.md"], "release/prepare "), version)

	t.Run("all modules are tagged at the last commit", func(t *testing.T) {
		want := strings.Fields(release.git(t, "ls-files", "*go.mod"))
		want = slices.DeleteFunc(want, func(name string) bool {
			return slices.Contains([]string{"adapters/rpctest/go.mod", "benchmarks/go.mod", "browsertest/go.mod", "examples/go.mod", "release/go.mod"}, name)
		})
		for i, name := range want {
			want[i] = strings.TrimSuffix(name, "go.mod") + version
		}
		slices.Sort(want)
		got := release.tags(t)
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("the changelog has the section", func(t *testing.T) {
		got := release.git(t, "show", version+":CHANGELOG.md")
		heading := regexp.MustCompile(`\n## \[Unreleased\]\n\n## \[` + regexp.QuoteMeta(version[1:]) + `\] - \d{4}-\d\d-\d\d\n`)
		if lines := heading.FindString(got); lines == "" || strings.Replace(got, lines, "\n## [Unreleased]\n", 1) != changelog {
			t.Errorf("got\n%s", got)
		}
	})

	user := newUser(t, release)
	t.Run("a program of the root module knows no framework and no tool", func(t *testing.T) {
		folder := user.newModule(t)
		user.run(t, folder, "go", "get", root)
		graph := user.run(t, folder, "go", "mod", "graph")
		if !strings.Contains(graph, root+"@"+version+" github.com/lestrrat-go/jwx/v2@") {
			t.Errorf("go mod graph does not show what the root module requires:\n%s", graph)
		}
		for _, unwanted := range []string{"gin-gonic", "labstack", "rs/cors", "chromedp", "valkey-io", "google.golang.org", "connectrpc.com", "go.opentelemetry.io", "prometheus", root + "/"} {
			if strings.Contains(graph, unwanted) {
				t.Errorf("%s is in go mod graph:\n%s", unwanted, graph)
			}
		}
	})
	for _, line := range getLines(t, docs, release.tags(t)) {
		t.Run(line, func(t *testing.T) {
			folder := user.newModule(t)
			user.run(t, folder, "sh", "-c", line)
			imports := ""
			for _, module := range strings.Fields(line)[2:] {
				imports += fmt.Sprintf("import _ %q\n", module)
			}
			write(t, folder, "main.go", "package main\n\n"+imports+"\nfunc main() {}\n")
			user.run(t, folder, "go", "list", "-deps", ".")
		})
	}
	anywhere := "go run " + root + "/cmd/authrocket@latest "
	dev := commandOf(t, docs["docs/local-authrocket.md"], anywhere) + " -addr localhost:0 -core-addr localhost:0"
	loginRocket := user.start(t, `^LOGINROCKET_URL=(\S+)\n(.*\n)*.*/outbox$`, nil, "sh", "-c", dev)
	t.Run("the local AuthRocket, the program of start.md and the doctor", func(t *testing.T) {
		folder := user.newModule(t)
		if status, body, _ := get(t, loginRocket+"/healthz"); status != http.StatusOK || body != "ok\n" {
			t.Errorf("/healthz of the local LoginRocket: got %d %q", status, body)
		}

		write(t, folder, "main.go", programOf(t, start))
		user.run(t, folder, "go", "get", root)
		user.run(t, folder, "go", "build", "-o", "program", ".")
		app := user.start(t, ` listening on (\S+)$`, []string{"LOGINROCKET_URL=" + loginRocket, "ADDR=127.0.0.1:0"}, filepath.Join(folder, "program"))
		if status, body, _ := get(t, app); status != http.StatusOK || !strings.Contains(body, "Sign in") {
			t.Errorf("the home page: got %d %q", status, body)
		}
		doctor := exec.CommandContext(t.Context(), "sh", "-c", commandOf(t, docs["docs/doctor.md"], anywhere))
		doctor.Dir, doctor.Env = folder, append(slices.Clone(user.env), "LOGINROCKET_URL="+loginRocket, "AUTHROCKET_APP_URL="+app)
		if output, err := doctor.CombinedOutput(); err != nil || !strings.Contains(string(output), "The app answers at "+app) {
			t.Errorf("%v\n%s", err, output)
		}
		if status, _, url := get(t, app+"/manage"); status != http.StatusOK || !strings.HasPrefix(url, loginRocket+"/login?") {
			t.Errorf("/manage: got %d at %s, want the login", status, url)
		}
	})
	// The first release ends these, in the documents and here.
	t.Run("the README's way to use a clone", func(t *testing.T) {
		folder := besideClone(t)
		commands := commandsOf(readme, "go mod ")
		if len(commands) != 3 {
			t.Fatalf("the README has the commands %q, want go mod init, edit and tidy", commands)
		}
		const address = "127.0.0.1:8082"
		free := freeAddress(t)
		write(t, folder, "main.go", strings.Replace(programOf(t, readme), address, free, 1))
		for _, command := range commands {
			user.run(t, folder, "sh", "-c", command)
		}
		command := strings.Replace(commandOf(t, readme, "LOGINROCKET_URL="), "http://localhost:8081", loginRocket, 1)
		begin(t, folder, user.env, "", "", "sh", "-c", command).waitFor(t, free)
		if status, _, url := get(t, "http://"+free); status != http.StatusOK || !strings.HasPrefix(url, loginRocket+"/login?") {
			t.Errorf("the app: got %d at %s, want the login", status, url)
		}
	})
	t.Run("the way of start.md to use a clone", func(t *testing.T) {
		folder := besideClone(t)
		commands := commandsOf(start, "go mod ")
		if len(commands) != 3 {
			t.Fatalf("start.md has the commands %q, want two of go mod edit, and go mod tidy", commands)
		}
		write(t, folder, "go.mod", "module example.com/app\n\ngo 1.26.0\n")
		write(t, folder, "main.go", programOf(t, start))
		imports := ""
		for _, command := range commands {
			if module := regexp.MustCompile(`-replace=([^=/]+/[^=/]+/[^=/]+/[^=]+)=`).FindStringSubmatch(command); module != nil {
				imports += fmt.Sprintf("import _ %q\n", module[1])
			}
		}
		write(t, folder, "imports.go", "package main\n\n"+imports)
		for _, command := range commands {
			user.run(t, folder, "sh", "-c", command)
		}
		user.run(t, folder, "go", "list", "-deps", ".")
	})
}

// besideClone returns an empty folder beside a clone of the commit itself, with its replace
// lines. The clone is named authrocket.
func besideClone(t *testing.T) string {
	t.Helper()
	parent := t.TempDir()
	folder := filepath.Join(parent, "app")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	runIn(t, "..", os.Environ(), "git", "clone", "-q", ".", filepath.Join(parent, "authrocket"))
	return folder
}

// nextVersion is the one after the last of the changelog.
func nextVersion(t *testing.T, changelog string) string {
	t.Helper()
	last := regexp.MustCompile(`(?m)^## \[(\d+)\.(\d+)\.\d+\]`).FindStringSubmatch(changelog)
	if last == nil {
		return "v0.1.0"
	}
	minor, err := strconv.Atoi(last[2])
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("v%s.%d.0", last[1], minor+1)
}

// prepared is a folder that release/prepare has filled.
type prepared struct{ folder string }

// prepare runs the documented command for another version and folder.
func prepare(t *testing.T, command, version string) prepared {
	t.Helper()
	before := runIn(t, "..", os.Environ(), "git", "for-each-ref")
	release := prepared{filepath.Join(t.TempDir(), "release")}
	env := append(os.Environ(), // nobody is there to sign
		"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=commit.gpgSign", "GIT_CONFIG_VALUE_0=false", "GIT_CONFIG_KEY_1=tag.gpgSign", "GIT_CONFIG_VALUE_1=false")
	for _, role := range []string{"AUTHOR", "COMMITTER"} {
		env = append(env, "GIT_"+role+"_NAME=Rehearsal", "GIT_"+role+"_EMAIL=rehearsal@example.com")
	}
	words := strings.Fields(command)
	if len(words) != 3 {
		t.Fatalf("%s has not a version and a folder", command)
	}
	said := runIn(t, "..", env, words[0], version, release.folder)
	if !strings.Contains(said, "Nothing is pushed.") || !strings.Contains(said, "git -C "+release.folder+"/authrocket push ") {
		t.Errorf("release/prepare does not say what comes next:\n%s", said)
	}
	if after := runIn(t, "..", os.Environ(), "git", "for-each-ref"); after != before {
		t.Errorf("release/prepare changed this repository; before and after:\n%s\n%s", before, after)
	}
	return release
}

func (p prepared) git(t *testing.T, args ...string) string {
	t.Helper()
	return runIn(t, filepath.Join(p.folder, "authrocket"), os.Environ(), "git", args...)
}

// tags are those of the last commit.
func (p prepared) tags(t *testing.T) []string {
	t.Helper()
	return strings.Fields(p.git(t, "tag", "--points-at", "HEAD"))
}

// user is somebody with an empty module cache, whose module proxy has the
// release.
type user struct{ env []string }

func newUser(t *testing.T, release prepared) user {
	t.Helper()
	env := strings.Split(runIn(t, ".", os.Environ(), "go", "env", "GOMODCACHE", "GOPROXY", "GOSUMDB"), "\n")
	cache, proxies, sumDB := env[0], env[1], env[2]
	return user{append(os.Environ(),
		// This machine's cache saves downloads.
		"GOPROXY=file://"+release.folder+"/modcache/cache/download,file://"+cache+"/cache/download,"+proxies,
		"GOENV=off", "GOPRIVATE=", "GONOPROXY=", // everything comes from the proxies
		"GOVCS=*:off",                       // and from nowhere else
		"GOSUMDB="+sumDB, "GONOSUMDB="+root, // which does not know the release yet
		"GOMODCACHE="+t.TempDir(), "GOFLAGS=-modcacherw", "GOWORK=off",
		"LOGINROCKET_URL=", "AUTHROCKET_APP_URL=", "AUTHROCKET_REALM=", "AUTHROCKET_JWT_KEY=", "LOGINROCKET_JWKS_URL=",
	)}
}

// newModule returns a folder with nothing but a go.mod.
func (u user) newModule(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	u.run(t, folder, "go", "mod", "init", "example.com/app")
	return folder
}

func (u user) run(t *testing.T, folder, name string, args ...string) string {
	t.Helper()
	return runIn(t, folder, u.env, name, args...)
}

// start starts a program that ends with the test, and returns what pattern finds
// in what it prints.
func (u user) start(t *testing.T, pattern string, env []string, name string, args ...string) string {
	t.Helper()
	return begin(t, t.TempDir(), append(slices.Clone(u.env), env...), "", pattern, name, args...).found[1]
}

// getLines are the go get commands of all documents, and one more for each module with a
// tag that has none there. The program is run instead.
func getLines(t *testing.T, docs map[string]string, tags []string) []string {
	t.Helper()
	var lines []string
	for _, document := range docs {
		lines = append(lines, commandsOf(document, "go get ")...)
	}
	slices.Sort(lines)
	if lines = slices.Compact(lines); len(lines) == 0 {
		t.Fatal("the documents have no go get")
	}
	for _, tag := range tags {
		line := "go get " + path.Join(root, path.Dir(tag))
		if path.Dir(tag) != "cmd/authrocket" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// commandsOf are the commands of a document that begin with these words.
func commandsOf(document, words string) []string {
	return slices.DeleteFunc(slices.Concat(commandsIn(document)...), func(command string) bool { return !strings.HasPrefix(command, words) })
}

// commandOf is the only one of these commands.
func commandOf(t *testing.T, document, words string) string {
	t.Helper()
	commands := commandsOf(document, words)
	if len(commands) != 1 {
		t.Fatalf("the document has the commands %q, want one with %q", commands, words)
	}
	return commands[0]
}

// programOf is the first program of a document.
func programOf(t *testing.T, document string) string {
	t.Helper()
	program := regexp.MustCompile("(?ms)^```go\n(package main\n.*?)^```$").FindStringSubmatch(document)
	if program == nil {
		t.Fatal("the document has no program")
	}
	return program[1]
}

// get opens a page as a browser does, and says where redirects have led.
func get(t *testing.T, url string) (status int, body, at string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	client := http.Client{Jar: jar, Timeout: time.Minute}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data), resp.Request.URL.String()
}
