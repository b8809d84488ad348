// Package oidctest is a provider of sign-ins for tests: a certified implementation (zitadel/oidc) in this process, with people of
// the test's own.
package oidctest

import (
	"context"
	"crypto/rand"
	"html/template"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// What we are registered as.
const (
	ClientID = "perennial"
	Secret   = "a-secret-of-the-test"
)

// Person has an account at the provider; she signs in there with her ID as name and as password.
type Person struct {
	ID, Email  string
	Unverified bool
	Name       string
	Groups     []string
}

// Provider is a running one. The zero value is of no use: Start it.
type Provider struct {
	URL     string
	people  map[string]Person
	clients map[string]*storage.Client
	away    atomic.Bool
}

// Start runs a provider until the test ends.
func Start(t testing.TB, people ...Person) *Provider {
	t.Helper()
	p := &Provider{people: map[string]Person{}, clients: map[string]*storage.Client{}}
	for _, person := range people {
		p.people[person.ID] = person
	}
	server := httptest.NewUnstartedServer(nil)
	p.URL = "http://" + server.Listener.Addr().String()
	store := accounts{storage.NewStorageWithClients(directory{p}, p.clients), p}
	var key [32]byte
	_, err := rand.Read(key[:])
	require.NoError(t, err)
	provider, err := op.NewProvider(&op.Config{CryptoKey: key, CodeMethodS256: true, AuthMethodPost: true, DefaultLogoutRedirectURI: "/signed-out"},
		store, op.StaticIssuer(p.URL), op.WithAllowInsecure(), op.WithLogger(slog.New(slog.DiscardHandler)))
	require.NoError(t, err)
	back := op.AuthCallbackURL(provider)
	mux := http.NewServeMux()
	mux.Handle("/login/username", op.NewIssuerInterceptor(provider.IssuerFromRequest).HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, name := r.FormValue("authRequestID"), r.FormValue("name")
		if r.Method == http.MethodPost && store.CheckUsernamePassword(name, r.FormValue("password"), id) == nil {
			http.Redirect(w, r, back(r.Context(), id), http.StatusFound)
			return
		}
		_ = page.Execute(w, id)
	}))
	mux.Handle("/", provider)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.away.Load() {
			http.Error(w, "away", http.StatusBadGateway)
			return
		}
		mux.ServeHTTP(w, r)
	})
	server.Start()
	t.Cleanup(server.Close)
	return p
}

// Register makes us known, with the address to which browsers are sent back. It comes before the first sign-in.
func (p *Provider) Register(redirect string) {
	p.clients[ClientID] = storage.WebClient(ClientID, Secret, redirect)
}

// GoAway lets the provider answer with errors from now on, or come back.
func (p *Provider) GoAway(away bool) { p.away.Store(away) }

// Change gives an account other facts. Not while somebody signs in.
func (p *Provider) Change(person Person) { p.people[person.ID] = person }

var page = template.Must(template.New("").Parse(`<!doctype html><title>The provider</title><form method="post">
<input type="hidden" name="authRequestID" value="{{.}}"><input name="name"><input name="password" type="password"><button>Sign in</button></form>`))

// accounts are the library's storage in memory, with the groups of a person on her page.
type accounts struct {
	*storage.Storage
	of *Provider
}

// SetUserinfoFromToken answers what the page about a person asks.
func (a accounts) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, tokenID, subject, origin string) error {
	err := a.Storage.SetUserinfoFromToken(ctx, info, tokenID, subject, origin)
	if groups := a.of.people[subject].Groups; err == nil && groups != nil {
		info.AppendClaims("groups", groups)
	}
	return err
}

// directory finds people for the library.
type directory struct{ of *Provider }

// GetUserByID finds by the subject.
func (d directory) GetUserByID(id string) *storage.User {
	p, known := d.of.people[id]
	if !known {
		return nil
	}
	return &storage.User{ID: p.ID, Username: p.ID, Password: p.ID, FirstName: p.Name, Email: p.Email, EmailVerified: !p.Unverified}
}

// GetUserByUsername finds by the name that is typed.
func (d directory) GetUserByUsername(name string) *storage.User { return d.GetUserByID(name) }

// ExampleClientID is what the library's storage asks for; nobody comes by it.
func (directory) ExampleClientID() string { return "nobody" }
