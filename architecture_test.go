package authrocket_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
)

const modulePath = "github.com/authrocket-go/authrocket"

// sourceFile is a Go file of the repository, of any module, with what it
// imports. Build constraints do not matter: a file that is left out here is
// built elsewhere.
type sourceFile struct {
	path    string // slash-separated, from the root of the repository
	module  string // the folder of its go.mod, "." for the root module
	imports []string
}

func (f sourceFile) folder() string { return path.Dir(f.path) }

func (f sourceFile) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

func sourceFiles(t *testing.T) []sourceFile {
	t.Helper()
	var files []sourceFile
	modules := map[string]bool{}
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if entry.IsDir() {
			// The go command leaves these out too.
			if name != "." && (base[0] == '.' || base[0] == '_' || base == "testdata" || base == "vendor") {
				return fs.SkipDir
			}
			return nil
		}
		if base == "go.mod" {
			modules[path.Dir(name)] = true
		}
		if path.Ext(base) != ".go" {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.FromSlash(name), nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		file := sourceFile{path: name}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			file.imports = append(file.imports, imported)
		}
		files = append(files, file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range files {
		folder := files[i].folder()
		for folder != "." && !modules[folder] {
			folder = path.Dir(folder)
		}
		files[i].module = folder
	}
	return files
}

// isWithin reports whether importPath is prefix or below it.
func isWithin(importPath, prefix string) bool {
	return importPath == prefix || strings.HasPrefix(importPath, prefix+"/")
}

// A dependency that few packages import can be swapped there.
func TestOnlyFewPackagesImport(t *testing.T) {
	t.Parallel()
	files := sourceFiles(t)
	for _, row := range []struct {
		dependency string
		folders    []string
	}{
		{dependency: "github.com/lestrrat-go/jwx", folders: []string{"internal/jose"}},
		{dependency: "github.com/patrickmn/go-cache", folders: []string{"internal/tokencache"}},
		{dependency: "golang.org/x/time", folders: []string{"coreapi", "sessionstate", "webhook"}},
		{dependency: "golang.org/x/term", folders: []string{"cmd/authrocket"}},
		{dependency: "github.com/davecgh/go-spew", folders: []string{"authrocketdev"}},
		{dependency: "github.com/valkey-io/valkey-go", folders: []string{"sessionstate/valkeystate"}},
		{dependency: "github.com/redis/go-redis", folders: []string{"examples/goredislog"}},
		{dependency: "go.opentelemetry.io", folders: []string{"authrocketotel", "benchmarks", "examples/telemetry"}},
		{dependency: "github.com/prometheus", folders: []string{"examples/telemetry"}},
		{dependency: "github.com/go-json-experiment/json", folders: []string{"authrocketdev", "internal/claims", "internal/jws", "internal/strictjson"}},
	} {
		t.Run(row.dependency+" is imported by "+strings.Join(row.folders, ", ")+" only", func(t *testing.T) {
			for _, file := range files {
				for _, imported := range file.imports {
					if isWithin(imported, row.dependency) && !slices.Contains(row.folders, file.folder()) {
						t.Errorf("%s imports %q", file.path, imported)
					}
				}
			}
		})
	}
}

// The rows above pass on an empty list of files, too.
func TestSourceFilesAreFound(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	for _, file := range sourceFiles(t) {
		for _, imported := range file.imports {
			if isWithin(imported, "github.com/lestrrat-go/jwx") {
				found[file.folder()+" in module "+file.module] = true
			}
		}
		found[file.path] = true
	}
	for _, want := range []string{"auth.go", "internal/claims/claims.go", "authrockettest/realm.go", "internal/jose in module ."} {
		if !found[want] {
			t.Errorf("%s is not among the files that were read", want)
		}
	}
}

// belowCoreAPI are the packages of this module that coreapi may import.
var belowCoreAPI = []string{modulePath + "/internal/loopback", modulePath + "/internal/unavailable", modulePath + "/internal/wire"}

// belowWebhook are the packages of this module that webhook may import.
var belowWebhook = []string{modulePath + "/coreapi", modulePath + "/internal/strictjson"}

func TestArrowsPointOneWay(t *testing.T) {
	t.Parallel()
	for _, file := range sourceFiles(t) {
		for _, imported := range file.imports {
			isOwn := isWithin(imported, modulePath)
			isInternal := isWithin(imported, modulePath+"/internal")
			if isWithin(file.folder(), "internal") && isOwn && !isInternal {
				t.Errorf("%s imports %q: internal packages know nothing of what is above them", file.path, imported)
			}
			if file.folder() == "coreapi" && !file.isTest() && isOwn && !slices.Contains(belowCoreAPI, imported) {
				t.Errorf("%s imports %q: coreapi is a client without login", file.path, imported)
			}
			if file.folder() == "loginrocket" && !file.isTest() && isOwn && imported != modulePath+"/coreapi" && !slices.Contains(belowCoreAPI, imported) {
				t.Errorf("%s imports %q: loginrocket is a client that verifies nothing", file.path, imported)
			}
			if file.folder() == "webhook" && !file.isTest() && isOwn && !slices.Contains(belowWebhook, imported) {
				t.Errorf("%s imports %q: webhook knows the Core API only", file.path, imported)
			}
			if isWithin(file.folder(), "authrockettest") && (isWithin(imported, modulePath+"/coreapi") || isWithin(imported, modulePath+"/loginrocket")) {
				t.Errorf("%s imports %q: a realm knows no client of its APIs", file.path, imported)
			}
			if file.folder() == "authrocketdev" && !file.isTest() && isWithin(imported, modulePath+"/loginrocket") {
				t.Errorf("%s imports %q: the local AuthRocket knows of clients only how to configure that of the Core API", file.path, imported)
			}
			if file.folder() == "." && !file.isTest() && isOwn && !isInternal {
				t.Errorf("%s imports %q: the root package stands below every other", file.path, imported)
			}
			if file.module != "." && isInternal && (!file.isTest() || imported != modulePath+"/internal/leaktest") {
				t.Errorf("%s imports %q: a nested module uses the public API", file.path, imported)
			}
		}
	}
}

// What the root package reaches is in the program of everybody who uses it.
func TestRootReaches(t *testing.T) {
	t.Parallel()
	unwanted := []string{
		"github.com/go-chi/chi",
		"github.com/gin-gonic/gin",
		"github.com/labstack/echo",
		modulePath + "/authrockettest",
		modulePath + "/adapters",
		modulePath + "/authrocketdev",
		modulePath + "/authrocketotel",
		"go.opentelemetry.io",
		modulePath + "/coreapi",
		modulePath + "/loginrocket",
		modulePath + "/webhook",
		modulePath + "/internal/wire",
		"golang.org/x/time",
		"testing",
	}
	reached := map[string]bool{}
	for _, listed := range dependencies(t, ".") {
		reached[listed.ImportPath] = true
	}
	for importPath := range reached {
		for _, prefix := range unwanted {
			if isWithin(importPath, prefix) {
				t.Errorf("the root package reaches %q", importPath)
			}
		}
	}
	for _, want := range []string{modulePath, modulePath + "/internal/jose", "net/http"} {
		if !reached[want] {
			t.Errorf("go list did not name %q, so that it may have left out more", want)
		}
	}
}

// A program that only manages users, or only logs them in, brings nothing that verifies tokens.
func TestClientsReach(t *testing.T) {
	t.Parallel()
	for pkg, wanted := range map[string][]string{
		"coreapi":     {modulePath + "/internal/wire", "golang.org/x/time/rate"},
		"loginrocket": {modulePath + "/internal/wire", modulePath + "/coreapi"},
	} {
		reached := map[string]bool{}
		for _, listed := range dependencies(t, "./"+pkg) {
			reached[listed.ImportPath] = true
			for _, unwanted := range []string{"github.com/lestrrat-go", "github.com/patrickmn/go-cache", "github.com/go-json-experiment", modulePath + "/internal/jose", "testing"} {
				if isWithin(listed.ImportPath, unwanted) {
					t.Errorf("%s reaches %q", pkg, listed.ImportPath)
				}
			}
			if listed.ImportPath == modulePath {
				t.Errorf("%s reaches the root package", pkg)
			}
		}
		for _, want := range append(wanted, modulePath+"/"+pkg) {
			if !reached[want] {
				t.Errorf("go list did not name %q, so that it may have left out more", want)
			}
		}
	}
}

type dependency struct {
	ImportPath string
	Export     string // the file of its export data, if that was asked for
	Error      *struct{ Err string }
}

// dependencies lists a package of the root module and all that it reaches. Everything is in
// the module cache, since this test was built from it.
func dependencies(t *testing.T, pkg string, flags ...string) []dependency {
	t.Helper()
	args := append([]string{"list", "-deps", "-json=ImportPath,Export,Error"}, flags...)
	cmd := exec.CommandContext(t.Context(), "go", append(args, pkg)...)
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOTOOLCHAIN=local", "GOFLAGS=")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list failed: %v\n%s", err, &stderr)
	}
	var found []dependency
	decoder := json.NewDecoder(strings.NewReader(string(output)))
	for {
		var listed dependency
		if err := decoder.Decode(&listed); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			t.Fatal(err)
		}
		if listed.Error != nil {
			t.Errorf("%s: %s", listed.ImportPath, listed.Error.Err)
		}
		found = append(found, listed)
	}
}

// rootFiles are the files of the root package in the order in which they stand
// on each other: each uses only what the files before it declare.
var rootFiles = []string{
	"errors.go",
	"session.go", "sessionstate.go",
	"rules.go",
	"observe.go",
	"urls.go",
	"caching.go",
	"paths.go",
	"page.go",
	"pasted.go",
	"config.go",
	"jwks.go",
	"verifier.go",
	"cookie.go",
	"bearer.go",
	"navigation.go",
	"identity.go",
	"crosssite.go",
	"context.go",
	"auth.go",
	"setup.go",
	"checktoken.go",
	"displaytext.go",
	"pages.go",
	"start.go",
	"deny.go",
	"confirm.go",
	"callback.go",
	"logout.go",
	"routes.go",
	"middleware.go",
	"doc.go",
}

// A reader who knows the files before one can read it without jumping ahead.
// Exempt are the type Auth, whose methods are in many files, fields, and the
// receiver of a method.
func TestFilesUseOnlyFilesBeforeThem(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	fset := token.NewFileSet()
	rank := map[string]int{}
	var files []*ast.File
	for i, name := range rootFiles {
		rank[name] = i
		parsed, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, parsed)
	}
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if _, ok := rank[name]; !ok && !strings.HasSuffix(name, "_test.go") {
			t.Errorf("%s is not in rootFiles", name)
		}
	}
	text := readText(t, "ARCHITECTURE.md")
	for _, name := range rootFiles {
		if !strings.Contains(text, "`"+name+"`") {
			t.Errorf("ARCHITECTURE.md does not say what %s holds", name)
		}
	}
	exports := map[string]string{}
	for _, listed := range dependencies(t, ".", "-export") {
		exports[listed.ImportPath] = listed.Export
	}
	info := &types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })}
	pkg, err := config.Check(modulePath, fset, files, info)
	if err != nil {
		t.Fatal(err)
	}
	file := func(pos token.Pos) string { return filepath.Base(fset.Position(pos).Filename) }
	uses := 0
	for _, parsed := range files {
		for _, declaration := range parsed.Decls {
			receiver := receiverOf(declaration)
			ast.Inspect(declaration, func(node ast.Node) bool {
				ident, ok := node.(*ast.Ident)
				if !ok {
					return true
				}
				used := declaredObject(info.Uses[ident], pkg)
				if used == nil || used.Name() == "Auth" || used.Name() == receiver {
					return true
				}
				uses++
				from, to := file(ident.Pos()), file(used.Pos())
				if rank[to] > rank[from] {
					t.Errorf("%s -> %s (%s -> %s)", declarationName(declaration), objectName(used), from, to)
				}
				return true
			})
		}
	}
	if uses < 500 {
		t.Errorf("only %d uses were looked at", uses)
	}
}

// declaredObject returns object if it is a package-level declaration or a
// method of pkg, else nil.
func declaredObject(object types.Object, pkg *types.Package) types.Object {
	if object == nil || object.Pkg() != pkg {
		return nil
	}
	if function, ok := object.(*types.Func); ok {
		return function.Origin()
	}
	if object.Parent() == pkg.Scope() {
		return object
	}
	return nil
}

func objectName(object types.Object) string {
	if function, ok := object.(*types.Func); ok {
		if receiver := function.Signature().Recv(); receiver != nil {
			return types.TypeString(receiver.Type(), func(*types.Package) string { return "" }) + "." + object.Name()
		}
	}
	return object.Name()
}

func receiverOf(declaration ast.Decl) string {
	function, ok := declaration.(*ast.FuncDecl)
	if !ok || function.Recv == nil {
		return ""
	}
	expr := function.Recv.List[0].Type
	if star, ok := expr.(*ast.StarExpr); ok {
		expr = star.X
	}
	if index, ok := expr.(*ast.IndexExpr); ok {
		expr = index.X
	}
	return expr.(*ast.Ident).Name
}

func declarationName(declaration ast.Decl) string {
	switch declaration := declaration.(type) {
	case *ast.FuncDecl:
		if receiver := receiverOf(declaration); receiver != "" {
			return receiver + "." + declaration.Name.Name
		}
		return declaration.Name.Name
	case *ast.GenDecl:
		switch spec := declaration.Specs[0].(type) {
		case *ast.TypeSpec:
			return spec.Name.Name
		case *ast.ValueSpec:
			return spec.Names[0].Name
		}
	}
	return "?"
}

func TestConfigIsNotComparable(t *testing.T) {
	t.Parallel()
	config := reflect.TypeFor[authrocket.Config]()
	if config.Comparable() {
		t.Error("Config can be compared, which a new field would end")
	}
	// A literal without field names would have to set this one, which no other
	// package can. It is first, since a last field without size takes space.
	first := config.Field(0)
	if first.Type != reflect.TypeFor[[0]func()]() || first.IsExported() || first.Type.Size() != 0 {
		t.Errorf("the first field of Config is %s %s, want an unexported one of type [0]func()", first.Name, first.Type)
	}
	if first.Type.Comparable() {
		t.Error("the first field of Config can be compared")
	}
}
