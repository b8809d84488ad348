package main

import (
	"fmt"
	"log/slog"
	"maps"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"perennial/activities"
	"perennial/journey"
	"perennial/webhook"
)

// config is what an installation is told from outside. `perennial serve` reads it from the environment (docs/operate.md);
// `dev` and `demo` fill it in themselves.
type config struct {
	DatabaseURL string   `env:"DATABASE_URL"`
	DatabaseMax int32    `env:"DATABASE_MAX_CONNS" envDefault:"32"`
	SMTPURL     string   `env:"SMTP_URL"`
	SMTPTLS     string   `env:"SMTP_TLS" envDefault:"required"`
	PublicURL   string   `env:"PUBLIC_URL"`
	Listen      string   `env:"LISTEN" envDefault:":8080"`
	Roles       []string `env:"ROLES" envDefault:"api,worker,sender"`
	Senders     int      `env:"SMTP_CONNECTIONS" envDefault:"8"`
	Rate        string   `env:"SMTP_RATE"`
	DomainRates string   `env:"DOMAIN_RATES"`
	Proxies     []string `env:"TRUSTED_PROXIES" envDefault:"127.0.0.0/8,::1/128"`

	BrandName     string `env:"BRAND_NAME" envDefault:"Oak & Linen"`
	MailFrom      string `env:"MAIL_FROM" envDefault:"Oak & Linen <hello@oak-and-linen.example>"`
	MailReplyTo   string `env:"MAIL_REPLY_TO"`
	PostalAddress string `env:"POSTAL_ADDRESS" envDefault:"Oak & Linen, 12 Mill Lane, Bath BA1 1AA, United Kingdom"`
	TimeZone      string `env:"TIME_ZONE" envDefault:"UTC"`
	Locale        string `env:"LOCALE" envDefault:"en"`
	LogLevel      string `env:"LOG_LEVEL" envDefault:"info"`

	Mail     mailConfig
	Identity identityConfig

	// WebhookAllow are private networks that journeys and webhooks may call; the secrets are those of endpoints that journeys declare,
	// by the name of their variable.
	WebhookAllow   string            `env:"WEBHOOK_ALLOW"`
	WebhookSecrets map[string]string `env:"-"`

	// These are not for production: dev and demo set them. A sandbox relay is the inbox, which reaches nobody; alone says that
	// no other process works on the installation.
	Speed   float64 `env:"-"`
	Sandbox bool    `env:"-"`
	Alone   bool    `env:"-"`
}

var allRoles = []string{"api", "worker", "sender"}

// environment turns "NAME=value" into a map; the last one wins, as in a shell.
func environment(environ []string) map[string]string {
	out := make(map[string]string, len(environ))
	for _, pair := range environ {
		if name, value, ok := strings.Cut(pair, "="); ok {
			out[name] = value
		}
	}
	return out
}

// readConfig reads the environment. What production must say has no default there: a mail from the wrong sender cannot be
// taken back.
func readConfig(environ map[string]string) (config, error) {
	var c config
	if err := env.ParseWithOptions(&c, env.Options{Environment: environ}); err != nil {
		return c, fmt.Errorf("reading the environment: %w", err)
	}
	c.WebhookSecrets = map[string]string{}
	for name, value := range environ {
		if strings.HasPrefix(name, "WEBHOOK_") && name != "WEBHOOK_ALLOW" {
			c.WebhookSecrets[name] = value
		}
	}
	return c, nil
}

// productionFaults says what `serve` must be told, all at once.
func (c config) productionFaults(environ map[string]string) journey.Problems {
	var out journey.Problems
	for _, name := range []string{"DATABASE_URL", "SMTP_URL", "PUBLIC_URL", "BRAND_NAME", "MAIL_FROM", "POSTAL_ADDRESS"} {
		if strings.TrimSpace(environ[name]) == "" {
			out = append(out, journey.Problem{Path: name, Message: "is not set", Mend: mends[name]})
		}
	}
	return append(out, c.faults()...)
}

var mends = map[string]string{
	"DATABASE_URL":   "for example DATABASE_URL=postgres://perennial:secret@db.internal/perennial",
	"SMTP_URL":       "for example SMTP_URL=smtp://user:secret@relay.example.com:587",
	"PUBLIC_URL":     "the address under which customers reach the links in their mail, e.g. PUBLIC_URL=https://mail.example.com",
	"BRAND_NAME":     "the name that customers know you by",
	"MAIL_FROM":      "for example MAIL_FROM='Oak & Linen <hello@example.com>'",
	"POSTAL_ADDRESS": "marketing mail must carry one",
}

// faults checks the form of what was given.
func (c config) faults() journey.Problems {
	var out journey.Problems
	add := func(path, message, mend string) {
		out = append(out, journey.Problem{Path: path, Message: message, Mend: mend})
	}
	checkURL := func(name, value string, schemes ...string) {
		if value == "" {
			return
		}
		if u, err := url.Parse(value); err != nil || !slices.Contains(schemes, u.Scheme) || u.Host == "" {
			add(name, "is not a URL of the form "+schemes[0]+"://host", mends[name])
		}
	}
	checkURL("DATABASE_URL", c.DatabaseURL, "postgres", "postgresql")
	checkURL("SMTP_URL", c.SMTPURL, "smtp", "smtps")
	checkURL("PUBLIC_URL", c.PublicURL, "https", "http")
	if c.SMTPTLS != "required" && c.SMTPTLS != "none" {
		add("SMTP_TLS", fmt.Sprintf("%q is not a policy", c.SMTPTLS), "required, or none for a relay inside a private network")
	}
	if _, err := mail.ParseAddress(c.MailFrom); err != nil {
		add("MAIL_FROM", "is not an address", mends["MAIL_FROM"])
	}
	if c.MailReplyTo != "" {
		if _, err := mail.ParseAddress(c.MailReplyTo); err != nil {
			add("MAIL_REPLY_TO", "is not an address", "for example help@example.com")
		}
	}
	out = append(out, c.Mail.faults(plainSender(c.MailFrom))...)
	out = append(out, c.Identity.faults()...)
	if _, err := time.LoadLocation(c.TimeZone); err != nil {
		add("TIME_ZONE", fmt.Sprintf("%q is not a time zone", c.TimeZone), "use an IANA name such as Europe/Vienna")
	}
	if !journey.IsLocale(c.Locale) {
		add("LOCALE", fmt.Sprintf("%q is not a locale", c.Locale), "the language that your messages are written in, such as LOCALE=fr or LOCALE=en-GB")
	}
	if _, err := activities.ParseRate(c.Rate); err != nil {
		add("SMTP_RATE", err.Error(), "for example SMTP_RATE=50/s")
	}
	if _, err := activities.ParseRates(c.DomainRates); err != nil {
		add("DOMAIN_RATES", err.Error(), "for example DOMAIN_RATES=gmail.com=20/s,outlook.com=300/min")
	}
	for _, proxy := range c.Proxies {
		if _, err := netip.ParsePrefix(proxy); err != nil {
			add("TRUSTED_PROXIES", fmt.Sprintf("%q is no range of addresses", proxy), "for example TRUSTED_PROXIES=10.0.0.0/8,fd00::/8")
		}
	}
	if _, err := webhook.ParseAllow(c.WebhookAllow); err != nil {
		add("WEBHOOK_ALLOW", err.Error(), "for example WEBHOOK_ALLOW=10.1.0.0/16,192.168.7.4/32")
	}
	for _, name := range slices.Sorted(maps.Keys(c.WebhookSecrets)) {
		if _, err := journey.SecretKey(c.WebhookSecrets[name]); err != nil {
			add(name, "is not a secret of Standard Webhooks", "whsec_ and 24 to 64 bytes in base64, e.g. echo whsec_$(openssl rand -base64 32)")
		}
	}
	for _, role := range c.Roles {
		if !slices.Contains(allRoles, role) {
			add("ROLES", fmt.Sprintf("%q is not a role", role), "roles are "+strings.Join(allRoles, ", "))
		}
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		add("LOG_LEVEL", fmt.Sprintf("%q is not a level", c.LogLevel), "one of debug, info, warn, error")
	}
	return out
}

// proxies are those whose X-Forwarded-For is believed. They were checked by faults.
func (c config) proxies() (out []netip.Prefix) {
	for _, proxy := range c.Proxies {
		if p, err := netip.ParsePrefix(proxy); err == nil {
			out = append(out, p)
		}
	}
	return out
}

func (c config) has(role string) bool { return slices.Contains(c.Roles, role) }

// brand is who the mail is from. The zone was checked by faults.
func (c config) brand() journey.Brand {
	zone, err := time.LoadLocation(c.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	return journey.Brand{
		Name: c.BrandName, From: plainSender(c.MailFrom), ReplyTo: plainSender(c.MailReplyTo), Address: c.PostalAddress,
		PublicURL: strings.TrimSuffix(c.PublicURL, "/"), Zone: zone, Locale: c.Locale,
	}
}

func (c config) logger(std stdio) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		level = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: level}))
}
