package authrocketecho_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v5"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketecho"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// flushing writes a line, flushes, and writes another when the first has arrived.
func flushing(flush func(http.ResponseWriter) error) func(http.ResponseWriter, <-chan struct{}) error {
	return func(w http.ResponseWriter, arrived <-chan struct{}) error {
		io.WriteString(w, "first\n")
		if err := flush(w); err != nil {
			return err
		}
		<-arrived
		_, err := io.WriteString(w, "second\n")
		return err
	}
}

// hijacking takes the connection over and writes both lines.
func hijacking(hijack func(http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error)) func(http.ResponseWriter, <-chan struct{}) error {
	return func(w http.ResponseWriter, _ <-chan struct{}) error {
		conn, _, err := hijack(w)
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nfirst\nsecond\n")
		return err
	}
}

// What Config.Deny gets does what the framework's ResponseWriter does.
func TestWriterOfARefusal(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		answer func(w http.ResponseWriter, arrived <-chan struct{}) error
	}{
		{"it is a Flusher", flushing(func(w http.ResponseWriter) error {
			w.(http.Flusher).Flush()
			return nil
		})},
		{"a ResponseController flushes", flushing(func(w http.ResponseWriter) error { return http.NewResponseController(w).Flush() })},
		{"it is a Hijacker", hijacking(func(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) { return w.(http.Hijacker).Hijack() })},
		{"a ResponseController hijacks", hijacking(func(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
			return http.NewResponseController(w).Hijack()
		})},
		{"a ResponseController sets deadlines", func(w http.ResponseWriter, _ <-chan struct{}) error {
			io.WriteString(w, "first\nsecond\n")
			return http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Hour))
		}},
		{"it unwraps to echo's", func(w http.ResponseWriter, _ <-chan struct{}) error {
			own, err := echo.UnwrapResponse(w)
			if err != nil {
				return err
			}
			io.WriteString(w, "first\n")
			if !own.Committed {
				return errors.New("the response is not committed after a write")
			}
			_, err = io.WriteString(own, "second\n")
			return err
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			arrived := make(chan struct{})
			s := newShop(t, silent, func(c *authrocket.Config) {
				c.Deny = func(w http.ResponseWriter, _ *http.Request, _ error) bool {
					if err := row.answer(w, arrived); err != nil {
						t.Error(err)
					}
					return true
				}
			})
			app := echo.New()
			app.GET("/", func(*echo.Context) error { return nil }, authrocketecho.RequireLogin(s.auth))
			server := httptest.NewServer(app)
			defer server.Close()
			resp, err := server.Client().Get(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			lines := bufio.NewReader(resp.Body)
			first, err := lines.ReadString('\n')
			close(arrived)
			second, _ := io.ReadAll(lines)
			if err != nil || first+string(second) != "first\nsecond\n" {
				t.Errorf("got %d %q, %v", resp.StatusCode, first+string(second), err)
			}
		})
	}
}

func TestWriterOfARefusalTellsThatItCannotFlush(t *testing.T) {
	t.Parallel()
	var got error
	s := newShop(t, silent, func(c *authrocket.Config) {
		c.Deny = func(w http.ResponseWriter, _ *http.Request, _ error) bool {
			io.WriteString(w, "refused")
			got = http.NewResponseController(w).Flush()
			return true
		}
	})
	e := echo.New()
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			c.SetResponse(struct{ http.ResponseWriter }{c.Response()})
			return next(c)
		}
	})
	e.GET("/", func(*echo.Context) error { return nil }, authrocketecho.RequireLogin(s.auth))
	s.get(e, "/", false)
	if !errors.Is(got, http.ErrNotSupported) {
		t.Errorf("got %v, want ErrNotSupported", got)
	}
}

// The handler that all requests share finds the one that it answers.
func TestRequestsDoNotMix(t *testing.T) {
	t.Parallel()
	s := newShop(t, silent)
	app := echo.New()
	app.Use(authrocketecho.Authenticate(s.auth))
	app.GET("/items/:item", func(c *echo.Context) error {
		runtime.Gosched()
		session, _ := authrocketecho.Session(c)
		return c.String(http.StatusOK, session.User.Name+" /items/"+c.Request().PathValue("item"))
	}, authrocketecho.RequireLogin(s.auth))
	var group sync.WaitGroup
	for i := range 8 {
		user := s.realm.AddUser(authrockettest.User{Email: fmt.Sprintf("user%d@example.com", i), Name: fmt.Sprintf("user %d", i)})
		token := s.realm.Token(user)
		group.Go(func() {
			for j := range 200 {
				target := fmt.Sprintf("/items/%d-%d", i, j)
				r := httptest.NewRequest(http.MethodGet, target, nil)
				status, body := 401, "{"
				if j%3 > 0 {
					r.Header.Set("Authorization", "Bearer "+token)
					status, body = 200, user.Name+" "+target
				}
				w := httptest.NewRecorder()
				app.ServeHTTP(w, r)
				want(t, w, status, body)
			}
		})
	}
	group.Wait()
}
