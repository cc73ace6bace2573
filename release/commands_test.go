package release_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// row says how a command of the documents is tested: it runs to its end, unless one of by, notRun,
// serves and keep is set.
type row struct {
	// command is as in a document, without its comment. With isBlock, the row is for the whole
	// block that begins with it, and with isBeginning, for all commands that begin with it.
	command              string
	isBlock, isBeginning bool

	by     string // what runs it instead: "folder: Test", or a script with this line
	notRun string // why nothing runs it

	folder  string   // where it runs, below the root
	replace []string // parts of the command, each followed by its replacement
	add     string   // arguments behind those of the command; the last of two equal flags counts
	env     []string
	inApp   bool // it has the environment of the app that the first rows start
	stdin   string
	needs   []string // programs
	writes  string   // a test that writes this file, as it is in the repository or a new picture

	prints string // a regular expression for what it prints; ^ and $ are at lines
	serves bool   // it runs until it is interrupted; prints has a group for the URL of a page
	page   string // what this page contains
	dies   bool   // the program does not handle the interrupt
	keep   func(w *world, found []string)
}

const ports = "-addr localhost:0 -loginrocket-addr localhost:0"

// rows are for all commands of the Markdown files. Fixed ports are replaced, since they may be in
// use. Benchmarks are shortened.
var rows = []row{
	// The programs of these rows run until the last row has run.
	{command: "go run ./cmd/authrocket dev", add: "-addr localhost:0 -core-addr localhost:0",
		prints: `^LOGINROCKET_URL=(.+)\nAUTHROCKET_REALM=(.+)\nAUTHROCKET_URL=(.+)\nAUTHROCKET_API_KEY=(.+)\n(.*\n)*.*/outbox$`,
		keep: func(w *world, found []string) {
			w.replace("http://localhost:8081", found[1], "http://localhost:8083/v2", found[3], "https://api-e2.authrocket.com/v2", found[3], "ks_...", found[4])
			w.app = append(w.app, "LOGINROCKET_URL="+found[1], "AUTHROCKET_REALM="+found[2], "AUTHROCKET_URL="+found[3], "AUTHROCKET_API_KEY="+found[4])
		}},
	{command: "LOGINROCKET_URL=http://localhost:8081 ADDR=127.0.0.1:8082 go run .", folder: "examples/nethttp",
		replace: []string{":8082", ":0"}, prints: ` listening on (\S+)$`, dies: true,
		keep: func(w *world, found []string) {
			w.replace("http://127.0.0.1:8082", found[1])
			w.app = append(w.app, "AUTHROCKET_APP_URL="+found[1])
		}},

	// The program authrocket. The first row installs it for the others.
	{command: "go install ./cmd/authrocket"},
	{command: "go run ./cmd/authrocket doctor", inApp: true, prints: `^ok +core api `},
	{command: "authrocket login | authrocket explain", inApp: true, stdin: "george@example.com\ntrains\n", prints: `usr_george`},
	{command: "authrocket login | authrocket doctor -token", inApp: true, stdin: "george@example.com\ntrains\n", prints: `^ok +headers `},
	{command: "authrocket doctor -token", inApp: true, replace: []string{"authrocket doctor", "authrocket login | authrocket doctor"}, stdin: "george@example.com\ntrains\n", prints: `^ok +token `},
	{command: "TOKEN=$(LOGINROCKET_URL=http://localhost:8081 authrocket login -email george@example.com)", isBlock: true,
		stdin: "trains\n", needs: []string{"curl"}, prints: `^Hi George `},
	{command: "authrocket dev -addr 0.0.0.0:8081 -dangerously-listen-everywhere -url http://localhost:8081",
		add: "-addr 0.0.0.0:0 -core-addr 0.0.0.0:0", prints: `^The local LoginRocket is at http://localhost:\d+\.`, serves: true},
	{command: "go run ./cmd/authrocket dev -env local.env -webhook http://authrocket:SECRET@localhost:8080/hooks/authrocket",
		replace: []string{"local.env", `"$DIR/local.env"`, "SECRET", "a-secret-of-the-test"}, add: "-addr localhost:0 -core-addr localhost:0",
		prints: `^LOGINROCKET_URL=(.+)\n(.*\n)*.*/outbox$`, serves: true, page: "Log in"},
	{command: "set -a; . ./local.env; set +a; go run .", folder: "examples/nethttp", replace: []string{"./local.env", `"$DIR/local.env"`},
		env: []string{"ADDR=127.0.0.1:0"}, prints: ` listening on (\S+)$`, serves: true, page: "Sign in", dies: true},
	{command: "go run " + root + "/cmd/authrocket@latest dev", by: "release: TestRehearsal"},
	{command: "go run " + root + "/cmd/authrocket@latest doctor", by: "release: TestRehearsal"},
	{command: "export AUTHROCKET_URL=http://localhost:8083/v2 AUTHROCKET_API_KEY=ks_...", isBlock: true, by: "cmd/authrocket: TestCommandsOfTheDocs"},
	{command: "TOKEN=$(curl -sS http://localhost:8081/v2/login -d email=george@example.com -d password=trains | grep -o 'eyJ[^\"]*')", isBlock: true, by: "cmd/authrocket: TestCommandsOfTheDocs"},
	{command: `curl -H "Authrocket-Api-Key: $AUTHROCKET_API_KEY" "$AUTHROCKET_URL/sessions?user_id=usr_..."`, isBlock: true, by: "cmd/authrocket: TestCommandsOfTheDocs"},
	{command: "oathtool --totp --base32 SECRET", needs: []string{"oathtool"}, // a row of the table in RFC 6238
		replace: []string{"SECRET", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}, add: "--now='1970-01-01 00:00:59 UTC'", prints: `^287082$`},
	{command: "sudo ifconfig lo0 alias 127.0.1.1", notRun: "It is for macOS, and changes the network of the machine."},

	// Apps.
	{command: "go get " + root, isBeginning: true, by: "release: TestRehearsal"},
	{command: "go mod ", isBeginning: true, by: "release: TestRehearsal"},
	{command: "LOGINROCKET_URL=http://localhost:8081 go run .", by: "release: TestRehearsal"},
	{command: "export LOGINROCKET_URL=https://sample.e2.loginrocket.com/", isBlock: true, folder: "examples/nethttp",
		replace: []string{"https://sample.e2.loginrocket.com/", "http://localhost:8081", "ADDR=localhost:8080", "ADDR=localhost:0"},
		prints:  ` listening on (\S+)$`, serves: true, page: "Sign in", dies: true},
	{command: "openssl rand -hex 32", needs: []string{"openssl"}, prints: `^[0-9a-f]{64}$`},

	// Examples.
	{command: "go run ./examples/quickstart", add: ports + " -core-addr localhost:0", prints: `^Open (\S+) and sign in as\n(.*\n)*.*Ctrl-C`, serves: true, page: "Sign in"},
	{command: "go run ./examples/team", add: ports, prints: `^Open (\S+) and sign in as\n(.*\n)*.*Ctrl-C`, serves: true, page: "Log in"},
	{command: "go run ./examples/fleet", add: ports + " -core-addr localhost:0", needs: []string{"redis-server"}, prints: `^Open (\S+) and sign in as\n(.*\n)*.*instance 3 (.*\n)*.*Ctrl-C`, serves: true, page: "Sign in"},
	{command: "go run ./examples/telemetry", add: ports + " -metrics-addr localhost:0", prints: `^Metrics are at (\S+)\.\n(.*\n)*.*Ctrl-C`, serves: true, page: "authrocket_key_set_refreshes_total"},
	{command: "go run ./examples/grpc", add: ports, prints: `^gRPC is served at \S+, for\n(.*\n)*The local LoginRocket is at (\S+)\.(.*\n)*Ctrl-C`, serves: true},
	{command: "go run ./examples/connect", add: ports, prints: `^Open (\S+) and sign in as\n(.*\n)*.*Ctrl-C`, serves: true, page: "Sign in"},
	{command: "LOGINROCKET_URL=http://localhost:8081 go run ./examples/ownlogin -demo", add: `-db "$DIR/people.db"`, env: []string{"ADDR=127.0.0.1:0"}, prints: ` listening on (\S+)$`, serves: true, page: "Your orders", dies: true},
	// The row above has put one person with a confirmed email into the database. AuthRocket has
	// another user with that email, so the person is not imported.
	{command: "AUTHROCKET_URL=https://api-e2.authrocket.com/v2 AUTHROCKET_API_KEY=ks_... go run ./examples/ownlogin -import", add: `-db "$DIR/people.db"`, prints: `^0 people imported, not imported: 1 \[1\]$`},

	// Tests and measurements.
	{command: ".ci/run", notRun: "It runs this test."},
	{command: "go test work", by: ".ci/run"},
	{command: "go test -race -shuffle=on work", by: ".ci/run"},
	{command: "go env GOWORK", prints: `/go\.work$`},
	{command: "go test -short .", add: "-run Example", prints: `^ok .*[^]]$`},
	{command: "go test -run '^TestCrossSiteRequests$' .", prints: `^ok .*[^]]$`},
	{command: "go test -run '^TestCrossSiteRequests$/^POST_of_another_site$' -v .", prints: `^ +--- PASS: TestCrossSiteRequests/POST_of_another_site `},
	{command: "go test -run '^name$'", folder: "internal/jws", replace: []string{"name", "TestSplit"}, prints: `^ok .*[^]]$`},
	{command: "go test -run '^$' -fuzz '^FuzzSplit$' -fuzztime 30s ./internal/jws", add: "-fuzztime 10x", prints: `^fuzz: elapsed: `},
	{command: "cd adapters/authrocketecho && go test -run TestSameForV4 -update .", writes: "adapters/authrocketechov4/common_test.go"},
	{command: "go test ./docs/pictures -update", writes: "docs/pictures/flow.svg"},
	{command: "cd browsertest && go test -run TestReadmePicture . -update", add: "-addr 127.0.0.1:0", needs: []string{"chromium"}, writes: "docs/pictures/quickstart.png"},
	{command: "release/prepare v0.1.0 ../release-v0.1.0", by: "release: TestRehearsal"},
	{command: "go test -v -run TestMemoryOfTheList ./sessionstate", prints: `^--- PASS: TestMemoryOfTheList `},
	{command: "go test -run '^$' -bench CheckSession -cpu 1 ./sessionstate", add: "-benchtime 1x", prints: `^BenchmarkCheckSession`},
	{command: "go test -run '^$' -bench EndOfBound ./sessionstate", add: "-benchtime 1x", prints: `^BenchmarkEndOfBound`},
	{command: "go test -run '^$' -bench Append -benchtime 10000x .", folder: "sessionstate/valkeystate", add: "-benchtime 10x", needs: []string{"redis-server"}, prints: `^BenchmarkAppend.* server-B/entry`},
	{command: "go test -run '^$' -bench Arrival -benchtime 3000x .", folder: "sessionstate/valkeystate", add: "-benchtime 10x", needs: []string{"redis-server"}, prints: `^BenchmarkArrival.* p50-µs`},
	{command: "go test -v -run TestTimeToTheLastRefusal ./examples/fleet -runs 100", add: "-runs 1", needs: []string{"redis-server"}, prints: ` 1 runs, .* median `},
	{command: "cd benchmarks"},
	{command: "GOWORK=off go run ./report", by: "benchmarks/report: TestReport"},
	{command: "GOWORK=off go run ./report -chart chart.svg", by: "benchmarks/report: TestReport"},
	{command: "GOWORK=off go test -run '^$' -bench Cases .", folder: "benchmarks", add: "-benchtime 1x", prints: `^BenchmarkCases/authrocket,_known,_by_cookie`},
	{command: "GOWORK=off go test -run '^$' -bench 'Cases/authrocket,_known,_by_cookie$' -benchtime 4000000x -cpuprofile cpu.out .", folder: "benchmarks",
		add: `-benchtime 1x -outputdir "$DIR" -o "$DIR/benchmarks.test"`, prints: `^BenchmarkCases/authrocket,_known,_by_cookie`},
	{command: "GOWORK=off go test -run '^$' -bench 'Cases/authrocket,_first_seen$' -benchtime 600000x -cpuprofile cpu.out .", folder: "benchmarks",
		add: `-benchtime 10000x -outputdir "$DIR" -o "$DIR/benchmarks.test"`, prints: `^BenchmarkCases/authrocket,_first_seen`},
	{command: "go tool pprof -list verifyInFull cpu.out", replace: []string{"cpu.out", `"$DIR/cpu.out"`}, prints: `verifyInFull`},
}

// covers returns how many lines of a block, from line i on, the row is for.
func (r row) covers(block []string, i int) int {
	switch {
	case r.isBlock && i == 0 && block[0] == r.command:
		return len(block)
	case !r.isBlock && block[i] == r.command, r.isBeginning && strings.HasPrefix(block[i], r.command):
		return 1
	}
	return 0
}

// compare returns the commands without a row, and the rows without a command.
func compare(rows []row, blocks [][]string) (commands, unused []string) {
	isUsed := make([]bool, len(rows))
	for _, block := range blocks {
		for i := 0; i < len(block); {
			lines := 0
			for j, r := range rows {
				if lines = r.covers(block, i); lines > 0 {
					isUsed[j] = true
					break
				}
			}
			if lines == 0 {
				commands = append(commands, block[i])
			}
			i += max(lines, 1)
		}
	}
	for j, r := range rows {
		if !isUsed[j] {
			unused = append(unused, r.command)
		}
	}
	return commands, unused
}

func TestCompare(t *testing.T) {
	t.Parallel()
	blocks := [][]string{{"make", "make all"}, {"export A=1", "echo $A", "make"}, {"go get x"}}
	all := []row{{command: "make"}, {command: "make all"}, {command: "export A=1", isBlock: true}, {command: "go get ", isBeginning: true}}
	for _, row := range []struct {
		name             string
		rows             []row
		commands, unused []string
	}{
		{name: "all commands have a row", rows: all},
		{name: "no rows", commands: []string{"make", "make all", "export A=1", "echo $A", "make", "go get x"}},
		{name: "a command without a row", rows: all[1:], commands: []string{"make"}},
		{name: "a row without a command", rows: append([]row{{command: "make a"}}, all...), unused: []string{"make a"}},
		{name: "a block without a row", rows: slices.Delete(slices.Clone(all), 2, 3), commands: []string{"export A=1", "echo $A"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			commands, unused := compare(row.rows, blocks)
			if !slices.Equal(commands, row.commands) || !slices.Equal(unused, row.unused) {
				t.Errorf("got %q and %q, want %q and %q", commands, unused, row.commands, row.unused)
			}
		})
	}
}

// TestCommands runs the commands of all Markdown files.
func TestCommands(t *testing.T) {
	requirePrograms(t, "sh")
	w := newWorld(t)
	var kept []func()
	for name, text := range documents(t) {
		blocks := commandsIn(text)
		if commands, _ := compare(rows, blocks); len(commands) > 0 {
			t.Errorf("%s has commands without a row in commands_test.go: %q", name, commands)
		}
		w.blocks = append(w.blocks, blocks...)
	}
	if _, unused := compare(rows, w.blocks); len(unused) > 0 {
		t.Fatalf("commands_test.go has rows for commands that are in no document: %q", unused)
	}
	for _, r := range rows {
		if r.keep != nil {
			p := w.start(t, r)
			r.keep(w, p.found)
			kept = append(kept, func() { p.checkInterrupt(t, r) })
			continue
		}
		t.Run(r.command, func(t *testing.T) {
			switch {
			case r.notRun != "":
				t.Log("not run:", r.notRun)
			case r.by != "":
				w.checkRunner(t, r)
			default:
				requirePrograms(t, r.needs...)
				w.check(t, r)
			}
		})
	}
	for _, check := range kept {
		check()
	}
}

// world is where the commands run.
type world struct {
	blocks       [][]string // of all documents
	root, clone  string     // the repository, and a clone of the last commit for commands that write
	env          []string   // with DIR, a folder for what the commands write
	app          []string   // the variables of the app
	replacements []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	w := &world{root: root, clone: filepath.Join(folder, "clone")}
	// A test that writes is compiled here, where the build cache has its packages, but runs there.
	// With -trimpath, what it builds is in the cache if an earlier clone had the same files.
	write(t, folder, "in-clone", "#!/bin/sh\nexport GOFLAGS=\"$GOFLAGS -trimpath\"\ncd \"$DIR/clone${PWD#$ROOT}\" && exec \"$@\"\n")
	if err := os.Chmod(filepath.Join(folder, "in-clone"), 0o700); err != nil {
		t.Fatal(err)
	}
	w.env = withoutSettings("ROOT="+root, "DIR="+folder, "GOBIN="+folder, "PATH="+folder+string(os.PathListSeparator)+os.Getenv("PATH"))
	runIn(t, root, w.env, "git", "clone", "-q", ".", w.clone)
	return w
}

func (w *world) replace(oldnew ...string) { w.replacements = append(w.replacements, oldnew...) }

// start starts the command of a row, and waits until it has printed what it must.
func (w *world) start(t *testing.T, r row) *program {
	t.Helper()
	env := slices.Concat(w.env, r.env)
	if r.inApp {
		env = append(env, w.app...)
	}
	script := r.command
	if r.isBlock {
		i := slices.IndexFunc(w.blocks, func(block []string) bool { return r.covers(block, 0) > 0 })
		script = strings.Join(w.blocks[i], "\n")
	}
	for _, oldnew := range [][]string{r.replace, w.replacements} {
		script = strings.NewReplacer(oldnew...).Replace(script)
	}
	// With the trap, the shell waits for a program that is interrupted, and has its exit status.
	script = "trap : INT\n" + script + " " + r.add
	if r.writes != "" {
		script += ` -exec "$DIR/in-clone"`
	}
	return begin(t, filepath.Join(w.root, r.folder), env, r.stdin, r.prints, "sh", "-c", script)
}

func (w *world) check(t *testing.T, r row) {
	if r.writes != "" {
		if err := os.Remove(filepath.Join(w.clone, r.writes)); err != nil {
			t.Fatal(err)
		}
	}
	p := w.start(t, r)
	if r.page != "" {
		if status, body, _ := get(t, p.found[1]); status != http.StatusOK || !strings.Contains(body, r.page) {
			t.Errorf("%s: got %d, want a page with %q\n%s", p.found[1], status, r.page, body)
		}
	}
	if r.serves {
		p.checkInterrupt(t, r)
		return
	}
	if <-p.ended; p.err != nil {
		t.Errorf("%v; it printed\n%s", p.err, &p.printed)
	}
	if r.writes != "" {
		// The picture of a page depends on the browser.
		runIn(t, w.clone, w.env, "git", "diff", "--exit-code", "--", ".", ":!*.png")
		if _, err := os.Stat(filepath.Join(w.clone, r.writes)); err != nil {
			t.Error(err)
		}
	}
}

// ending is what go run prints about a program that does not end with status 0.
var ending = regexp.MustCompile(`(?m)^(exit status \d+|signal: \w+)$`)

// checkInterrupt does what Ctrl-C does. Afterwards, the status of go run itself is always 1.
func (p *program) checkInterrupt(t *testing.T, r row) {
	t.Helper()
	err, want := p.interrupt(t), ""
	if r.dies {
		want = "signal: interrupt"
	}
	if got := ending.FindString(p.printed.String()); got != want || err != nil && !strings.Contains(p.cmd.String(), "go run ") {
		t.Errorf("after an interrupt it ends with %v, %q; it printed\n%s", err, got, &p.printed)
	}
}

// checkRunner checks that what runs the command of a row exists.
func (w *world) checkRunner(t *testing.T, r row) {
	folder, test, isTest := strings.Cut(r.by, ": ")
	if !isTest {
		if !strings.Contains(read(t, filepath.Join(w.root, r.by)), "\n"+r.command+"\n") {
			t.Errorf("%s does not have the line %s", r.by, r.command)
		}
		return
	}
	files, err := filepath.Glob(filepath.Join(w.root, folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(files, func(file string) bool { return strings.Contains(read(t, file), "\nfunc "+test+"(") }) {
		t.Errorf("the folder %s has no test %s", folder, test)
	}
}
