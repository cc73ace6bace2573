package walk

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Browser is a browser without scripts. It follows redirects and keeps cookies.
type Browser struct {
	t      testing.TB
	client *http.Client
}

// NewBrowser returns a Browser without any cookies.
func NewBrowser(t testing.TB) *Browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &Browser{t, &http.Client{Jar: jar, Transport: transport, Timeout: maxWait}}
}

// Page is what a browser shows after all redirects.
type Page struct {
	Status int
	URL    *url.URL
	Header http.Header
	Body   string
}

// At reports whether the page is at this URL.
func (p Page) At(rawURL string) bool { return p.URL.String() == rawURL }

// Get opens a page. headers are added to the request, for example "Accept:
// application/json".
func (b *Browser) Get(rawURL string, headers ...string) Page {
	b.t.Helper()
	return b.send(http.MethodGet, rawURL, nil, headers)
}

// Follow follows the link of page with this text, and sends the headers that a browser
// sends.
func (b *Browser) Follow(page Page, text string) Page {
	b.t.Helper()
	for _, link := range linkElement.FindAllStringSubmatch(page.Body, -1) {
		if html.UnescapeString(anyTag.ReplaceAllString(link[2], "")) != text {
			continue
		}
		target, err := page.URL.Parse(html.UnescapeString(link[1]))
		if err != nil {
			b.t.Fatal(err)
		}
		return b.Get(target.String(), "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")
	}
	b.t.Fatalf("%s has no link %s:\n%s", page.URL, text, page.Body)
	return Page{}
}

// Post sends a form of a page at the same origin.
func (b *Browser) Post(rawURL string, form url.Values, headers ...string) Page {
	b.t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.send(http.MethodPost, rawURL, form, append([]string{"Origin: " + u.Scheme + "://" + u.Host}, headers...))
}

// send sends a request. If the page is not available yet, send reloads it, as a person
// does. On a busy machine, a request might not wait long enough for the realm's keys.
func (b *Browser) send(method, rawURL string, form url.Values, headers []string) Page {
	b.t.Helper()
	page, method := b.sendOnce(method, rawURL, form, headers)
	for deadline := time.Now().Add(maxWait); method == http.MethodGet && page.Status == http.StatusServiceUnavailable && time.Now().Before(deadline); {
		seconds, err := strconv.Atoi(page.Header.Get("Retry-After"))
		if err != nil {
			b.t.Fatalf("%s: got status 503 without Retry-After:\n%s", page.URL, page.Body)
		}
		time.Sleep(time.Duration(seconds) * time.Second)
		page, method = b.sendOnce(method, page.URL.String(), nil, headers)
	}
	if next := immediateRefresh.FindStringSubmatch(page.Header.Get("Refresh")); next != nil {
		u, err := page.URL.Parse(next[1])
		if err != nil {
			b.t.Fatal(err)
		}
		return b.send(http.MethodGet, u.String(), nil, headers)
	}
	return page
}

// immediateRefresh matches the Refresh header of a page that immediately leads to another
// page.
var immediateRefresh = regexp.MustCompile(`^0; url=(.*)`)

// sendOnce returns the page at the end of the redirects, and the method of the last
// request.
func (b *Browser) sendOnce(method, rawURL string, form url.Values, headers []string) (Page, string) {
	b.t.Helper()
	req, err := http.NewRequest(method, rawURL, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		req.Header.Set(name, value)
	}
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return Page{resp.StatusCode, resp.Request.URL, resp.Header, string(body)}, resp.Request.Method
}

var (
	linkElement   = regexp.MustCompile(`(?s)<a href="([^"]*)"[^>]*>(.*?)</a>`)
	formElement   = regexp.MustCompile(`(?s)<form method="post" action="([^"]*)"[^>]*>(.*?)</form>`)
	inputElement  = regexp.MustCompile(`<input\s[^>]*>`)
	buttonElement = regexp.MustCompile(`(?s)<button[^>]*>(.*?)</button>`)
	anyTag        = regexp.MustCompile(`<[^>]*>`)
	nameAttr      = regexp.MustCompile(`\sname="([^"]*)"`)
	valueAttr     = regexp.MustCompile(`\svalue="([^"]*)"`)
)

// Press enters values into the fields of the form with these names, and presses the first
// button of page with this text. It supports inputs, but not selects.
func (b *Browser) Press(page Page, button string, entered map[string]string) Page {
	b.t.Helper()
	for _, form := range formElement.FindAllStringSubmatch(page.Body, -1) {
		for _, element := range buttonElement.FindAllStringSubmatch(form[2], -1) {
			text := html.UnescapeString(anyTag.ReplaceAllString(element[1], ""))
			if strings.Join(strings.Fields(text), " ") != button {
				continue
			}
			values := url.Values{}
			for _, input := range inputElement.FindAllString(form[2], -1) {
				values.Set(attribute(nameAttr, input), attribute(valueAttr, input))
			}
			if name := attribute(nameAttr, element[0]); name != "" {
				values.Set(name, attribute(valueAttr, element[0]))
			}
			for name, value := range entered {
				if !values.Has(name) {
					b.t.Fatalf("%s has no field %s beside %s:\n%s", page.URL, name, button, page.Body)
				}
				values.Set(name, value)
			}
			target, err := page.URL.Parse(html.UnescapeString(form[1]))
			if err != nil {
				b.t.Fatal(err)
			}
			return b.Post(target.String(), values)
		}
	}
	b.t.Fatalf("%s has no button %s:\n%s", page.URL, button, page.Body)
	return Page{}
}

// attribute returns an attribute of the first tag in element, or "".
func attribute(expression *regexp.Regexp, element string) string {
	tag, _, _ := strings.Cut(element, ">")
	if found := expression.FindStringSubmatch(tag); found != nil {
		return html.UnescapeString(found[1])
	}
	return ""
}

// LogIn fills in the login form of the local LoginRocket, which page must show.
func (b *Browser) LogIn(page Page, email, password string) Page {
	b.t.Helper()
	return b.Press(page, "Log in", map[string]string{"email": email, "password": password})
}

// Cookie returns the value of a cookie for rawURL, or "".
func (b *Browser) Cookie(rawURL, name string) string {
	b.t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}
