package api

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // SNS signs so where a topic has not been told otherwise
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"sync"
	"time"

	"perennial/journey"
)

// snsMessage is what Amazon SNS posts.
type snsMessage struct {
	Type, MessageId, Token, TopicArn, Subject, Message, Timestamp string //nolint:revive // as SNS spells it
	SignatureVersion, Signature, SigningCertURL, SubscribeURL     string
}

// sns checks who signed what SNS posts. Anybody may have a topic: whoever uses it compares the topic, too.
type sns struct {
	fetch func(ctx context.Context, url string) ([]byte, error)

	mu    sync.Mutex
	certs map[string]*x509.Certificate // by URL: a new certificate has a new one
}

// mostCerts bounds what is kept; Amazon changes its certificate once a year.
const mostCerts = 8

// A region has the form eu-west-1: sns.s3.amazonaws.com, for one, is somebody's bucket.
var (
	snsHost = regexp.MustCompile(`^sns\.[a-z]{2}(-[a-z]+)+-[0-9]+\.amazonaws\.com(\.cn)?$`)
	snsCert = regexp.MustCompile(`^/SimpleNotificationService-[0-9A-Za-z]+\.pem$`)
)

func newSNS(fetch func(context.Context, string) ([]byte, error)) *sns {
	if fetch == nil {
		fetch = fetchPage
	}
	return &sns{fetch: fetch, certs: map[string]*x509.Certificate{}}
}

// check verifies the signature of a message, with the certificate that it names, fetched from Amazon and nowhere else.
func (s *sns) check(ctx context.Context, m snsMessage, wall time.Time) error {
	refused := journey.Faultf(journey.CodeUnauthorized, "the signature is not one of Amazon SNS")
	u, err := amazon(m.SigningCertURL)
	if err != nil || !snsCert.MatchString(u.Path) || u.RawQuery != "" {
		return refused
	}
	signature, err := base64.StdEncoding.DecodeString(m.Signature)
	if err != nil {
		return refused
	}
	cert, err := s.certificate(ctx, u.String())
	if err != nil {
		return err
	}
	key, isRSA := cert.PublicKey.(*rsa.PublicKey)
	if !isRSA || wall.Before(cert.NotBefore) || wall.After(cert.NotAfter) {
		return refused
	}
	var bad error
	switch text := m.signed(); m.SignatureVersion {
	case "1":
		sum := sha1.Sum([]byte(text)) //nolint:gosec // see the import
		bad = rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], signature)
	case "2":
		sum := sha256.Sum256([]byte(text))
		bad = rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature)
	default:
		bad = errors.New("unknown version")
	}
	if bad != nil {
		return refused
	}
	return nil
}

// signed is the text that SNS signs: names and values of some fields, in the order of their names.
func (m snsMessage) signed() string {
	pairs := []string{"Message", m.Message, "MessageId", m.MessageId}
	if m.Type == "Notification" {
		if m.Subject != "" {
			pairs = append(pairs, "Subject", m.Subject)
		}
		pairs = append(pairs, "Timestamp", m.Timestamp)
	} else {
		pairs = append(pairs, "SubscribeURL", m.SubscribeURL, "Timestamp", m.Timestamp, "Token", m.Token)
	}
	text := ""
	for _, part := range append(pairs, "TopicArn", m.TopicArn, "Type", m.Type) {
		text += part + "\n"
	}
	return text
}

func (s *sns) certificate(ctx context.Context, address string) (*x509.Certificate, error) {
	s.mu.Lock()
	known := s.certs[address]
	s.mu.Unlock()
	if known != nil {
		return known, nil
	}
	raw, err := s.fetch(ctx, address)
	if err != nil { // SNS tries again
		return nil, fmt.Errorf("fetching the certificate of SNS: %w: %w", journey.Faultf(journey.CodeUnavailable, "the certificate of Amazon SNS cannot be had now"), err)
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, journey.Faultf(journey.CodeUnauthorized, "what stands under the certificate's address is none")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, journey.Faultf(journey.CodeUnauthorized, "what stands under the certificate's address is none")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.certs) >= mostCerts {
		clear(s.certs)
	}
	s.certs[address] = cert
	return cert, nil
}

// confirm opens the address with which SNS asks whether we want what it sends.
func (s *sns) confirm(ctx context.Context, m snsMessage) error {
	u, err := amazon(m.SubscribeURL)
	if err != nil {
		return journey.Faultf(journey.CodeUnauthorized, "the address to confirm is none of Amazon SNS")
	}
	if _, err := s.fetch(ctx, u.String()); err != nil {
		return fmt.Errorf("confirming the subscription: %w: %w", journey.Faultf(journey.CodeUnavailable, "Amazon SNS does not answer"), err)
	}
	return nil
}

// amazon reads an address of Amazon SNS: https, one of its hosts, nothing else.
func amazon(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.User != nil || !snsHost.MatchString(u.Host) {
		return nil, errors.New("not an address of Amazon SNS")
	}
	return u, nil
}

func fetchPage(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // read as far as it counts
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answered with status %d", res.StatusCode)
	}
	return io.ReadAll(io.LimitReader(res.Body, 64<<10))
}
