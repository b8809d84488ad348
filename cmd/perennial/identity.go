package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"

	"perennial/control"
	"perennial/journey"
	"perennial/oidc"
)

// identityConfig is the provider at which colleagues may sign in (docs/operate.md, Signing in by OpenID Connect).
type identityConfig struct {
	Issuer     string            `env:"OIDC_ISSUER"`
	ClientID   string            `env:"OIDC_CLIENT_ID"`
	Secret     string            `env:"OIDC_CLIENT_SECRET"`
	SecretFile string            `env:"OIDC_CLIENT_SECRET_FILE"`
	Name       string            `env:"OIDC_NAME"`
	Domains    []string          `env:"OIDC_DOMAINS"`
	Scopes     []string          `env:"OIDC_SCOPES"`
	Claim      string            `env:"OIDC_GROUPS_CLAIM" envDefault:"groups"`
	Roles      map[string]string `env:"OIDC_ROLES" envKeyValSeparator:"="`
	Newcomers  string            `env:"OIDC_NEWCOMERS" envDefault:"refuse"`
}

// faults checks the form of what was given; nothing is asked of the provider.
func (c identityConfig) faults() journey.Problems {
	var out journey.Problems
	add := func(path, message, mend string) {
		out = append(out, journey.Problem{Path: path, Message: message, Mend: mend})
	}
	if c.Issuer == "" {
		if c.ClientID != "" {
			add("OIDC_ISSUER", "is not set, and OIDC_CLIENT_ID is", "for example OIDC_ISSUER=https://accounts.google.com")
		}
		return out
	}
	if u, err := url.Parse(c.Issuer); err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !isLocal(u.Hostname())) {
		add("OIDC_ISSUER", "is not a URL of the form https://host", "as the provider writes it in its own configuration, to the slash")
	}
	if c.ClientID == "" {
		add("OIDC_CLIENT_ID", "is not set", "register Perennial at the provider; docs/operate.md says how")
	}
	if _, err := c.secret(); err != nil {
		add("OIDC_CLIENT_SECRET_FILE", err.Error(), "a file that this process can read")
	}
	for _, group := range slices.Sorted(maps.Keys(c.Roles)) {
		if !slices.Contains(journey.UserRoles(), journey.Role(c.Roles[group])) {
			add("OIDC_ROLES", fmt.Sprintf("%q is no role", c.Roles[group]), "for example OIDC_ROLES=crm-admins=admin,helpdesk=support")
		}
	}
	if c.Newcomers != "refuse" && !slices.Contains(journey.UserRoles(), journey.Role(c.Newcomers)) {
		add("OIDC_NEWCOMERS", fmt.Sprintf("%q is neither refuse nor a role", c.Newcomers), "refuse, or viewer")
	}
	if c.Newcomers != "refuse" && len(c.Domains) == 0 {
		add("OIDC_DOMAINS", "is not set, and newcomers are let in: whoever has an account at the provider could come", "for example OIDC_DOMAINS=example.com")
	}
	return out
}

func isLocal(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }

func (c identityConfig) secret() (string, error) {
	if c.SecretFile == "" {
		return c.Secret, nil
	}
	raw, err := os.ReadFile(c.SecretFile)
	return strings.TrimSpace(string(raw)), err
}

// provider is nil where none was named.
func (c config) provider(log *slog.Logger) (*oidc.Provider, error) {
	id := c.Identity
	if id.Issuer == "" {
		return nil, nil //nolint:nilnil // people sign in by password alone, and that is no fault
	}
	secret, err := id.secret()
	if err != nil {
		return nil, fmt.Errorf("reading OIDC_CLIENT_SECRET_FILE: %w", err)
	}
	issuer, err := url.Parse(id.Issuer)
	if err != nil {
		return nil, fmt.Errorf("reading OIDC_ISSUER: %w", err)
	}
	claim := id.Claim
	if len(id.Roles) == 0 {
		claim = ""
	}
	at := strings.TrimSuffix(c.PublicURL, "/")
	return oidc.New(oidc.Config{
		Issuer: id.Issuer, ClientID: id.ClientID, Secret: secret, Name: cmp.Or(id.Name, issuer.Hostname()), Scopes: id.Scopes, Claim: claim,
		Redirect: at + "/sign-in/provider/back", Home: at + "/sign-in", Wall: wall, Log: log,
	}), nil
}

// door is whom of those whom the provider vouches for we let in. The roles were checked by faults.
func (c identityConfig) door() control.Door {
	d := control.Door{Roles: map[string]journey.Role{}}
	for _, domain := range c.Domains {
		d.Domains = append(d.Domains, strings.ToLower(strings.TrimSpace(domain)))
	}
	for group, role := range c.Roles {
		d.Roles[group] = journey.Role(role)
	}
	if c.Newcomers != "refuse" {
		d.Newcomers = journey.Role(c.Newcomers)
	}
	return d
}

// examineProvider asks the provider for its endpoints.
func examineProvider(ctx context.Context, c config) finding {
	out := finding{what: "sign-in", found: c.Identity.Issuer + " answers; it must send browsers back to " + strings.TrimSuffix(c.PublicURL, "/") + "/sign-in/provider/back",
		mend: "OIDC_ISSUER must be what the provider calls itself, to the slash; people can sign in with a password meanwhile"}
	p, err := c.provider(slog.New(slog.DiscardHandler))
	if err == nil {
		err = p.Check(ctx)
	}
	if err != nil {
		out.sick, out.found = true, err.Error()
	}
	return out
}
