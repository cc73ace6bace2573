package main

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// The report starts this program again to serve the apps of the load test.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "-serve" {
		if err := serveApp(os.Args[2], os.Stdin, os.Stdout); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func TestReport(t *testing.T) {
	tiny := options{rounds: 1, slice: time.Millisecond, load: 50 * time.Millisecond, clients: 2, tokens: []int{1, 20}, live: 20, sessions: 20}
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := map[string]bool{}
	for _, command := range regexp.MustCompile("go run \\./report([^`#\n]*)").FindAllStringSubmatch(string(readme), -1) {
		commands[strings.TrimSpace(command[1])] = true
	}
	for _, row := range []struct {
		name, command string
		files         []string
	}{
		{name: "writes no file unless asked", command: ""},
		{name: "writes the chart to the given file", command: "-chart chart.svg", files: []string{"chart.svg"}},
	} {
		if !commands[row.command] {
			t.Errorf("the README does not run the report with %q", row.command)
		}
		delete(commands, row.command)
		t.Run(row.name, func(t *testing.T) {
			asked, err := parse(strings.Fields(row.command))
			if err != nil {
				t.Fatal(err)
			}
			o := tiny
			o.chart = asked.chart
			t.Chdir(t.TempDir())
			var out strings.Builder
			if err := report(&out, o); err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"| authrocket, known, by bearer |", "| authrocket, known, by bearer, at a gate, with SessionState |", "| gate | SessionState | ", "| open route | authrocketotel | ", "| RSA check |", "| gin, two empty middlewares |", "| adapter | over net/http |", "| coreos/go-oidc v3 |", "| 20 | ", "| 20, orgs: 20 | ", "| 2,990 states | authrocket, the login | ", "| RS256, orgs: 20 |", "| no auth |"} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("the report has no %q:\n%s", want, &out)
				}
			}
			files, err := filepath.Glob("*")
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(files, row.files) {
				t.Errorf("got files %q, want %q", files, row.files)
			}
			for _, file := range files {
				checkChart(t, file)
			}
		})
	}
	if len(commands) > 0 {
		t.Errorf("the README runs the report in other ways, too: %v", commands)
	}
}

func checkChart(t *testing.T, file string) {
	t.Helper()
	drawn, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var svg struct {
		Bars []struct{} `xml:"rect"`
	}
	if err := xml.Unmarshal(drawn, &svg); err != nil || len(svg.Bars) < 10 {
		t.Errorf("the chart has %d bars, %v:\n%s", len(svg.Bars), err, drawn)
	}
}

func TestServeAppEndsWithItsInput(t *testing.T) {
	input, end := io.Pipe()
	output, answer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := serveApp(appOurs, input, answer)
		answer.CloseWithError(err)
		ended <- err
	}()
	var s served
	if err := json.NewDecoder(output).Decode(&s); err != nil {
		t.Fatal(err)
	}
	if _, err := load(s, 10*time.Millisecond, 1); err != nil {
		t.Error(err)
	}
	s.Token = "made-up"
	if _, err := load(s, 10*time.Millisecond, 1); err == nil {
		t.Error("a refused token counts as an answer")
	}
	end.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	if err := serveApp("unknown", nil, nil); err == nil {
		t.Error("an app that is not known is served")
	}
}
