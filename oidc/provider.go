// Package oidc signs colleagues in at a provider of the company's own, by OpenID Connect: the code flow with PKCE, state and nonce.
// It says who somebody is; who of them may come in, and as what, is decided in control.
package oidc

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	goidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"perennial/journey"
)

// patience is how long the provider may take for one answer.
const patience = 5 * time.Second

// Config is what the provider knows us by. Secret may be empty where it registered us as a public client; Claim, too: no groups then.
type Config struct {
	Issuer   string // as the provider writes it itself, to the slash
	ClientID string
	Secret   string
	Name     string // what people call the provider
	Redirect string // the address to which it sends browsers back, as it was registered there
	Home     string // the address to which it may send them after a sign-out
	Scopes   []string
	Claim    string // that lists the groups of somebody
	Wall     func() time.Time
	Log      *slog.Logger
}

// Provider is the provider at work. It is asked for its endpoints when somebody first wants to sign in, so that we start without it.
type Provider struct {
	Config
	client *http.Client
	found  atomic.Pointer[goidc.Provider] // nil until it has answered once
}

// New returns the provider of that configuration.
func New(c Config) *Provider {
	return &Provider{Config: c, client: &http.Client{Timeout: patience}}
}

// Called is what people call the provider.
func (p *Provider) Called() string { return p.Name }

// discover asks the provider for its endpoints, once.
func (p *Provider) discover(ctx context.Context) (*goidc.Provider, error) {
	if found := p.found.Load(); found != nil {
		return found, nil
	}
	found, err := goidc.NewProvider(goidc.ClientContext(ctx, p.client), p.Issuer)
	if err != nil {
		return nil, p.away("asking the provider for its endpoints", err)
	}
	p.found.Store(found)
	return found, nil
}

// Check says whether the provider answers, and as the one that was named.
func (p *Provider) Check(ctx context.Context) error {
	_, err := goidc.NewProvider(goidc.ClientContext(ctx, p.client), p.Issuer)
	return err
}

func (p *Provider) oauth(found *goidc.Provider) oauth2.Config {
	return oauth2.Config{ClientID: p.ClientID, ClientSecret: p.Secret, RedirectURL: p.Redirect, Endpoint: found.Endpoint(),
		Scopes: append([]string{goidc.ScopeOpenID, "email", "profile"}, p.Scopes...)}
}

// Begin returns where to send the browser, and what it must bring back. CodeUnavailable when the provider does not answer.
func (p *Provider) Begin(ctx context.Context) (to string, h journey.Handshake, err error) {
	found, err := p.discover(ctx)
	if err != nil {
		return "", h, err
	}
	h = journey.Handshake{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}
	config := p.oauth(found)
	return config.AuthCodeURL(h.State, goidc.Nonce(h.Nonce), oauth2.S256ChallengeOption(h.Verifier)), h, nil
}

// Finish takes the query with which the browser came back, and says who the provider says it is. CodeUnauthorized where anything does
// not hold: the log says what. CodeUnavailable when the provider does not answer.
func (p *Provider) Finish(ctx context.Context, h journey.Handshake, query url.Values) (id journey.Identity, err error) {
	if h.State == "" || subtle.ConstantTimeCompare([]byte(h.State), []byte(query.Get("state"))) != 1 {
		return id, p.refuse("this browser did not begin that sign-in", "state")
	}
	if issuer := query.Get("iss"); issuer != "" && issuer != p.Issuer { // RFC 9207: another provider's answer, mixed up with ours
		return id, p.refuse("another provider answered", "iss")
	}
	if query.Get("error") != "" {
		p.Log.Warn("the provider let nobody sign in", "error", clip(query.Get("error")), "says", clip(query.Get("error_description")))
		return id, journey.Faultf(journey.CodeUnauthorized, "the provider did not sign you in")
	}
	found, err := p.discover(ctx)
	if err != nil {
		return id, err
	}
	ctx = goidc.ClientContext(ctx, p.client)
	config := p.oauth(found)
	token, err := config.Exchange(ctx, query.Get("code"), oauth2.VerifierOption(h.Verifier))
	if err != nil {
		return id, p.failed("exchanging the code", err)
	}
	return p.identify(ctx, found, token, h.Nonce)
}

// identify reads who somebody is from the signed token, and what it leaves out from the provider's own page about her.
func (p *Provider) identify(ctx context.Context, found *goidc.Provider, token *oauth2.Token, nonce string) (id journey.Identity, err error) {
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return id, p.refuse("there is no ID token", "id_token")
	}
	signed, err := found.Verifier(&goidc.Config{ClientID: p.ClientID, Now: p.Wall}).Verify(ctx, raw)
	if err != nil {
		return id, p.refuse(err.Error(), "id_token")
	}
	if nonce == "" || subtle.ConstantTimeCompare([]byte(signed.Nonce), []byte(nonce)) != 1 {
		return id, p.refuse("the token was made for another sign-in", "nonce")
	}
	if signed.AccessTokenHash != "" {
		if err := signed.VerifyAccessToken(token.AccessToken); err != nil {
			return id, p.refuse(err.Error(), "at_hash")
		}
	}
	var own claims
	if err := signed.Claims(&own); err != nil {
		return id, p.refuse(err.Error(), "claims")
	}
	if own.Party != "" && own.Party != p.ClientID || own.Party == "" && len(signed.Audience) > 1 {
		return id, p.refuse("the token is for another party", "azp")
	}
	id = journey.Identity{Issuer: signed.Issuer, Subject: signed.Subject}
	if id.Groups, err = groups(signed, p.Claim); err != nil {
		return id, p.refuse(err.Error(), p.Claim)
	}
	if (own.Email == "" || p.Claim != "" && id.Groups == nil) && found.UserInfoEndpoint() != "" {
		if err := p.complete(ctx, found, token, &own, &id); err != nil {
			return id, err
		}
	}
	id.Email, id.Verified, id.Name = own.Email, own.verified(), own.Name
	return id, nil
}

// complete takes from the provider's page what the token did not say. It must be about the same person.
func (p *Provider) complete(ctx context.Context, found *goidc.Provider, token *oauth2.Token, own *claims, id *journey.Identity) error {
	info, err := found.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return p.failed("reading the user's page", err)
	}
	if info.Subject != id.Subject {
		return p.refuse("the provider's page is about somebody else", "sub")
	}
	if own.Email == "" { // the address and the word for it come from one place
		own.Verified = nil
		if err := info.Claims(own); err != nil {
			return p.refuse(err.Error(), "userinfo")
		}
	}
	if id.Groups == nil {
		if id.Groups, err = groups(info, p.Claim); err != nil {
			return p.refuse(err.Error(), p.Claim)
		}
	}
	return nil
}

// SignOutURL is where somebody signs out of the provider itself; "" where it has no such page, or has not answered yet.
func (p *Provider) SignOutURL() string {
	var meta struct {
		EndSession string `json:"end_session_endpoint"`
	}
	found := p.found.Load()
	if found == nil || found.Claims(&meta) != nil || !strings.HasPrefix(meta.EndSession, "http") {
		return ""
	}
	u, err := url.Parse(meta.EndSession)
	if err != nil {
		return ""
	}
	query := u.Query()
	query.Set("client_id", p.ClientID)
	query.Set("post_logout_redirect_uri", p.Home)
	u.RawQuery = query.Encode()
	return u.String()
}

// refuse tells the log what does not hold, and the person that it does not.
func (p *Provider) refuse(why, what string) error {
	p.Log.Warn("a sign-in by the provider was refused", "what", what, "why", clip(why))
	return journey.Faultf(journey.CodeUnauthorized, "this sign-in cannot be used: it was used before, took too long, or began in another browser; begin again")
}

// failed tells a provider that says no from one that does not answer.
func (p *Provider) failed(doing string, err error) error {
	var answer *oauth2.RetrieveError
	if errors.As(err, &answer) && answer.Response != nil && answer.Response.StatusCode < http.StatusInternalServerError {
		return p.refuse(fmt.Sprintf("%s: %d %s", doing, answer.Response.StatusCode, answer.ErrorCode), "code")
	}
	return p.away(doing, err)
}

func (p *Provider) away(doing string, err error) error {
	p.Log.Error("the provider of sign-ins does not answer", "doing", doing, "error", clip(err.Error()))
	return journey.Faultf(journey.CodeUnavailable, "%s does not answer; try again in a minute, or sign in with a password", p.Name)
}

// clip bounds what others wrote, for the log.
func clip(s string) string { return strings.ToValidUTF8(s[:min(len(s), 300)], "") }
