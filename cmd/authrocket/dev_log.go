package main

import (
	"log/slog"
	"net/http"
	"strings"
	"time"
)

func wholePath(r *http.Request) string { return r.URL.Path }

// coreWords are the path segments of the Core API that are not IDs.
var coreWords = wordSet("v2 healthz login realms reset client_apps domains orgs users profile memberships sessions invitations invite credentials verify " +
	"oauth2 code events auth_providers authorize authenticate authenticate_token accept_invitation generate_password_token reset_password_with_token " +
	"request_email_verification verify_email update_password")

func wordSet(text string) map[string]bool {
	set := make(map[string]bool)
	for word := range strings.FieldsSeq(text) {
		set[word] = true
	}
	return set
}

// coreRoute returns a path of the Core API without IDs, because session IDs are
// credentials, and the ID of a user may be an email address.
func coreRoute(r *http.Request) string {
	segments := strings.SplitN(r.URL.EscapedPath(), "/", 6)
	for i, segment := range segments {
		if segment != "" && !coreWords[segment] {
			segments[i] = "{id}"
		}
	}
	return strings.Join(segments, "/")
}

// logRequests logs each request with the path that pathOf returns. It does not log the
// query, which may contain tokens.
func logRequests(logger *slog.Logger, pathOf func(*http.Request) string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		method, path := r.Method, pathOf(r)
		recorder := &statusRecorder{ResponseWriter: w}
		completed := false
		defer func() {
			attrs := []slog.Attr{slog.String("method", method), slog.String("path", path)}
			if completed {
				attrs = append(attrs, slog.Int("status", recorder.statusOrOK()))
			} else {
				attrs = append(attrs, slog.String("status", "aborted"))
			}
			attrs = append(attrs, slog.Duration("duration", time.Since(start).Round(10*time.Microsecond)))
			logger.LogAttrs(r.Context(), slog.LevelInfo, "request", attrs...)
		}()
		next.ServeHTTP(recorder, r)
		completed = true
	})
}

// statusRecorder records the status of an answer.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (s *statusRecorder) WriteHeader(status int) {
	if s.status == 0 {
		s.status = status
	}
	s.ResponseWriter.WriteHeader(status)
}

func (s *statusRecorder) statusOrOK() int {
	if s.status == 0 {
		return http.StatusOK
	}
	return s.status
}

// Unwrap returns the original ResponseWriter, which http.ResponseController needs.
func (s *statusRecorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }
