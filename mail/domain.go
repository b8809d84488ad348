package mail

import (
	"context"
	"strings"

	"golang.org/x/net/publicsuffix"

	"perennial/journey"
)

// Sender is who sends, as far as the DNS has something to say of it.
type Sender struct {
	From   string  // the domain of the address that people see
	Return string  // the domain to which mail comes back; "" the same
	Signer *Signer // nil: the relay signs, or nobody
}

// LookUpTXT asks the DNS for the TXT records of a name.
type LookUpTXT func(ctx context.Context, name string) ([]string, error)

// ExamineDomain says what the DNS says of a sender: whether the DKIM key is the one that signs, whether SPF names who may send, and what
// DMARC asks receivers to do. Each is one finding, in that order.
func ExamineDomain(ctx context.Context, s Sender, lookUp LookUpTXT) []journey.MailFinding {
	if s.Return == "" {
		s.Return = s.From
	}
	return []journey.MailFinding{examineDKIM(ctx, s, lookUp), examineSPF(ctx, s.Return, lookUp), examineDMARC(ctx, s.From, lookUp)}
}

// examineDKIM compares the record in the DNS with the key that signs.
func examineDKIM(ctx context.Context, s Sender, lookUp LookUpTXT) journey.MailFinding {
	f := journey.MailFinding{What: "DKIM", Sick: true}
	if s.Signer == nil {
		return journey.MailFinding{What: "DKIM", Found: "no key of ours signs; where the relay signs, it knows under which name"}
	}
	name, text, err := s.Signer.Record()
	if err != nil {
		f.Found = err.Error()
		return f
	}
	f.Mend = "publish this TXT record under " + name + ": " + text
	records, err := lookUp(ctx, name)
	if err != nil {
		f.Found = "the record " + name + " cannot be found"
		return f
	}
	_, key, _ := strings.Cut(text, "p=")
	for _, record := range records {
		if strings.Contains(strings.Join(strings.Fields(record), ""), "p="+key) {
			return journey.MailFinding{What: "DKIM", Found: "the key under " + name + " is the one that signs"}
		}
	}
	f.Found = "the record " + name + " holds another key"
	return f
}

// examineSPF looks for the one record that says who may send for the domain to which mail comes back.
func examineSPF(ctx context.Context, domain string, lookUp LookUpTXT) journey.MailFinding {
	f := journey.MailFinding{What: "SPF", Sick: true}
	found := withTag(ctx, domain, "v=spf1", lookUp)
	switch {
	case len(found) == 0:
		f.Found = domain + " has no record"
		f.Mend = "publish a TXT record under " + domain + " that names who sends for it, such as v=spf1 include:relay.example -all"
	case len(found) > 1:
		f.Found = domain + " has several records, so that none counts"
		f.Mend = "make one of them"
	case strings.Contains(found[0]+" ", "+all ") || strings.HasSuffix(found[0], " all"):
		f.Found = domain + " lets everybody send: " + found[0]
		f.Mend = "end it with -all"
	default:
		f = journey.MailFinding{What: "SPF", Found: domain + " says " + found[0]}
	}
	return f
}

// examineDMARC looks for what receivers are asked to do, at the domain itself and then at the one that is registered.
func examineDMARC(ctx context.Context, domain string, lookUp LookUpTXT) journey.MailFinding {
	f := journey.MailFinding{What: "DMARC", Sick: true}
	names := []string{domain}
	if above, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil && above != domain {
		names = append(names, above)
	}
	for _, name := range names {
		found := withTag(ctx, "_dmarc."+name, "v=DMARC1", lookUp)
		switch {
		case len(found) > 1:
			f.Found, f.Mend = "_dmarc."+name+" has several records, so that none counts", "make one of them"
			return f
		case len(found) == 1:
			return journey.MailFinding{What: "DMARC", Found: "_dmarc." + name + " says " + found[0]}
		}
	}
	f.Found = domain + " has no record; the large mailboxes ask bulk senders for one"
	f.Mend = "publish a TXT record under _dmarc." + names[len(names)-1] + ", such as v=DMARC1; p=none; rua=mailto:dmarc@" + names[len(names)-1]
	return f
}

// withTag are the TXT records of a name that begin with a tag; a name that cannot be found has none.
func withTag(ctx context.Context, name, tag string, lookUp LookUpTXT) (out []string) {
	records, err := lookUp(ctx, name)
	if err != nil {
		return nil
	}
	for _, r := range records {
		if rest, found := strings.CutPrefix(strings.ToLower(r), strings.ToLower(tag)); found && (rest == "" || strings.ContainsAny(rest[:1], " ;")) {
			out = append(out, r)
		}
	}
	return out
}
