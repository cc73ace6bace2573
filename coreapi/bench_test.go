package coreapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

// A call should take at most 20 % longer than a bare request that decodes the same
// answer: compare BenchmarkGet/call with BenchmarkGet/bare.
func BenchmarkGet(b *testing.B) {
	server := newServer(b, http.HandlerFunc(answer(200, adaJSON, "X-Request-ID", "rq_1")))
	b.Run("bare", func(b *testing.B) {
		client := &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
		defer client.CloseIdleConnections()
		for b.Loop() {
			request, err := http.NewRequestWithContext(b.Context(), "GET", server.URL+"/v2/users/usr_1", nil)
			if err != nil {
				b.Fatal(err)
			}
			request.Header.Set("Accept", "application/json")
			request.Header.Set("Authrocket-Api-Key", testKey)
			response, err := client.Do(request)
			if err != nil {
				b.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			response.Body.Close()
			var user bareUser
			if err != nil || json.Unmarshal(body, &user) != nil || user.ID == "" {
				b.Fatal(err)
			}
		}
		b.ReportAllocs()
	})
	b.Run("call", func(b *testing.B) {
		client := newClient(b, coreapi.Config{URL: server.URL + "/v2", APIKey: coreapi.Hide(testKey), RequestsPerSecond: -1})
		for b.Loop() {
			if _, err := client.Users.Get(b.Context(), "usr_1"); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportAllocs()
	})
}

// bareUser has the fields of a User.
type bareUser struct {
	ID                string         `json:"id"`
	RealmID           string         `json:"realm_id"`
	State             string         `json:"state"`
	Email             string         `json:"email"`
	EmailPending      string         `json:"email_pending"`
	EmailVerification string         `json:"email_verification"`
	FirstName         string         `json:"first_name"`
	LastName          string         `json:"last_name"`
	Name              string         `json:"name"`
	Username          string         `json:"username"`
	Locale            string         `json:"locale"`
	Reference         string         `json:"reference"`
	Custom            map[string]any `json:"custom"`
	CreatedAt         float64        `json:"created_at"`
	LastLoginAt       *float64       `json:"last_login_at"`
	Credentials       []struct {
		ID             string   `json:"id"`
		UserID         string   `json:"user_id"`
		Type           string   `json:"credential_type"`
		AuthProviderID string   `json:"auth_provider_id"`
		Name           string   `json:"name"`
		State          string   `json:"state"`
		TokenExpiresAt *float64 `json:"token_expires_at"`
	} `json:"credentials"`
	Memberships []struct {
		ID string `json:"id"`
	} `json:"memberships"`
}
