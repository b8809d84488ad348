package journey

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// sourceSkew is how far the time that a source signed may be from ours.
const sourceSkew = 5 * time.Minute

// Verify says whether one of the secrets signed a webhook, at wall time now. The fault, unauthorized, says what is wrong with the signature
// and never what it should be.
func (p SourcePreset) Verify(in SourceIn, secrets []string, now time.Time) error {
	switch p {
	case PresetShopify:
		return signedBody(in, "X-Shopify-Hmac-Sha256", secrets)
	case PresetWooCommerce:
		return signedBody(in, "X-WC-Webhook-Signature", secrets)
	case PresetStripe:
		return signedStripe(in, secrets, now)
	case PresetStandard:
		return signedStandard(in, secrets, now)
	default:
		return signedBody(in, "X-Signature", secrets)
	}
}

func unsigned(why string) error { return Faultf(CodeUnauthorized, "%s", why) }

// signedBody checks an HMAC of the body alone, in base64 or hex, with sha256= before it or without.
func signedBody(in SourceIn, header string, secrets []string) error {
	given := strings.TrimSpace(in.Header(header))
	if given == "" {
		return unsigned("the header " + header + " is missing")
	}
	given = strings.TrimPrefix(given, "sha256=")
	macs := [][]byte{}
	if raw, err := hex.DecodeString(given); err == nil {
		macs = append(macs, raw)
	}
	if raw, err := base64.StdEncoding.DecodeString(given); err == nil {
		macs = append(macs, raw)
	}
	return matches(macs, secrets, plainKey, in.Body)
}

// signedStripe checks t=<seconds>,v1=<hex>[,v1=<hex>]: the HMAC of "<seconds>.<body>".
func signedStripe(in SourceIn, secrets []string, now time.Time) error {
	stamp, macs := "", [][]byte{}
	for part := range strings.SplitSeq(in.Header("Stripe-Signature"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			stamp = value
		case "v1":
			if raw, err := hex.DecodeString(value); err == nil {
				macs = append(macs, raw)
			}
		}
	}
	if stamp == "" {
		return unsigned("the header Stripe-Signature is missing, or has no time")
	}
	if err := matches(macs, secrets, plainKey, []byte(stamp+"."), in.Body); err != nil {
		return err
	}
	return near(stamp, now)
}

// signedStandard checks what Standard Webhooks say: v1,<base64> of the HMAC of "<id>.<seconds>.<body>".
func signedStandard(in SourceIn, secrets []string, now time.Time) error {
	id, stamp, macs := in.Header("webhook-id"), in.Header("webhook-timestamp"), [][]byte{}
	for part := range strings.FieldsSeq(in.Header("webhook-signature")) {
		if value, v1 := strings.CutPrefix(part, "v1,"); v1 {
			if raw, err := base64.StdEncoding.DecodeString(value); err == nil {
				macs = append(macs, raw)
			}
		}
	}
	if id == "" || stamp == "" {
		return unsigned("webhook-id or webhook-timestamp is missing")
	}
	if err := matches(macs, secrets, SecretKey, []byte(id+"."+stamp+"."), in.Body); err != nil {
		return err
	}
	return near(stamp, now)
}

func plainKey(secret string) ([]byte, error) { return []byte(secret), nil }

// matches compares every signature with that of every secret, in constant time.
func matches(given [][]byte, secrets []string, key func(string) ([]byte, error), parts ...[]byte) error {
	found := false
	for _, secret := range secrets {
		k, err := key(secret)
		if err != nil {
			continue
		}
		mac := hmac.New(sha256.New, k)
		for _, part := range parts {
			mac.Write(part)
		}
		want := mac.Sum(nil)
		for _, g := range given {
			found = hmac.Equal(g, want) || found
		}
	}
	if !found {
		return unsigned("the signature does not match: another secret, or the body was changed on its way")
	}
	return nil
}

func near(stamp string, now time.Time) error {
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return unsigned("the time of the signature is no number of seconds")
	}
	if skew := now.Sub(time.Unix(seconds, 0)).Abs(); skew > sourceSkew {
		return unsigned("the time of the signature is " + skew.Round(time.Second).String() + " away from our clock")
	}
	return nil
}

var wooPing = regexp.MustCompile(`^webhook_id=\d{1,20}$`)

// IsPing says whether this is how a source asks, unsigned, whether anybody is there.
func (p SourcePreset) IsPing(in SourceIn) bool {
	return p == PresetWooCommerce && len(in.Body) < 64 && wooPing.Match(in.Body)
}

// CheckSecret says what is wrong with a secret that the other side chose.
func (p SourcePreset) CheckSecret(secret string) (message, mend string) {
	if p == PresetStandard {
		if _, err := SecretKey(secret); err != nil {
			return "is not a secret of Standard Webhooks", "whsec_ and 24 to 64 bytes in base64; leave it out to get one"
		}
	}
	if len(secret) < 16 || len(secret) > 300 {
		return "is under 16 bytes, or over 300", "use the one that the other side shows, or leave it out to get one"
	}
	return "", ""
}
