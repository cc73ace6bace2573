package authrocket_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A program of somebody else, outside of the workspace, downloads no framework
// that only an adapter with a module of its own is for, no client of Valkey and no OpenTelemetry.
func TestAProgramDownloadsNoFramework(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	program := t.TempDir()
	for name, content := range map[string]string{
		"go.mod": fmt.Sprintf("module example.com/program\n\ngo 1.26.0\n\nrequire %s v0.1.0\n\nreplace %s => %s\n", modulePath, modulePath, root),
		"go.sum": string(sums),
		"main.go": "package main\n\nimport \"" + modulePath + "\"\n\n" +
			"func main() {\n\tif _, err := authrocket.New(authrocket.ConfigFromEnv()); err != nil {\n\t\tprintln(err.Error())\n\t}\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(program, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	goCommand := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = program
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOTOOLCHAIN=local")
		var stderr strings.Builder
		cmd.Stderr = &stderr
		output, err := cmd.Output()
		if err != nil {
			t.Fatalf("go %s failed: %v\n%s", strings.Join(args, " "), err, &stderr)
		}
		return string(output)
	}
	goCommand("build", "-o", os.DevNull, ".")
	modules := strings.Split(goCommand("list", "-m", "-f", "{{.Path}}", "all"), "\n")

	found := map[string]bool{}
	for _, module := range modules {
		found[module] = true
		for _, framework := range []string{"github.com/gin-gonic", "github.com/labstack", "github.com/valkey-io", "google.golang.org", "connectrpc.com", "go.opentelemetry.io", "github.com/prometheus", modulePath + "/adapters", modulePath + "/authrocketotel", modulePath + "/sessionstate"} {
			if isWithin(module, framework) {
				t.Errorf("the program downloads %s", module)
			}
		}
	}
	for _, module := range []string{"example.com/program", modulePath, "github.com/lestrrat-go/jwx/v2"} {
		if !found[module] {
			t.Errorf("%s is not among the modules of the program: %q", module, modules)
		}
	}
}

// Each framework is known to its adapter, the examples and the benchmarks, and
// nobody else knows the adapters.
func TestFrameworksStayWithTheirAdapters(t *testing.T) {
	t.Parallel()
	frameworks := map[string]string{
		"github.com/go-chi/chi":       "adapters/authrocketchi",
		"github.com/gin-gonic/gin":    "adapters/authrocketgin",
		"github.com/labstack/echo":    "adapters/authrocketecho",
		"github.com/labstack/echo/v4": "adapters/authrocketechov4",
		"google.golang.org/grpc":      "adapters/authrocketgrpc",
		"connectrpc.com/connect":      "adapters/authrocketconnect",
	}
	seen := map[string]bool{}
	for _, file := range sourceFiles(t) {
		if isWithin(file.folder(), "examples") || isWithin(file.folder(), "benchmarks") || isWithin(file.folder(), "adapters/rpctest") {
			continue
		}
		for _, imported := range file.imports {
			framework, adapter := "", ""
			for prefix, folder := range frameworks {
				if isWithin(imported, prefix) && len(prefix) > len(framework) {
					framework, adapter = prefix, folder
				}
			}
			if framework != "" {
				seen[framework] = true
				if file.folder() != adapter {
					t.Errorf("%s imports %q, which is for %s", file.path, imported, adapter)
				}
			}
			if isWithin(imported, modulePath+"/adapters") && imported != modulePath+"/"+file.folder() && imported != modulePath+"/adapters/authrocketrpc" {
				t.Errorf("%s imports %q", file.path, imported)
			}
		}
	}
	if len(seen) != len(frameworks) {
		t.Errorf("only %v are imported, want all of %v", seen, frameworks)
	}
}
