package journey

import (
	"go.yaml.in/yaml/v3"
)

// maxRounds is how often a repeat may go round: daily, for a little over a year.
const maxRounds = 400

// change reads the steps that go round, or change what she gets from elsewhere, and returns the id of one that has none.
func (p *parser) change(s *Step, n *yaml.Node) string {
	switch s.Kind {
	case StepRepeat:
		s.Repeat = p.repeat(n)
		return "repeat" + dashed(condWord(s.Repeat.Until))
	case StepLeave:
		s.Leave = p.keys(n, "leave")
		return "leave" + dashed(firstOf(s.Leave))
	case StepConsent:
		s.Consent = p.consent(n)
		return "consent" + dashed(slug(s.Consent.Topic+"-"+string(s.Consent.Is)))
	case StepSuppress:
		s.Suppress = p.suppress(n)
		return "suppress"
	default:
		s.Pause = p.pause(n)
		return "pause" + dashed(firstOf(s.Pause.Topics))
	}
}

func firstOf(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	return keys[0]
}

func (p *parser) repeat(n *yaml.Node) *Repeat {
	repeat := &Repeat{}
	f := p.fields(n, "repeat", "times", "until", "then")
	if f == nil {
		return repeat
	}
	if v := f.need("times", "add how often at most, such as `times: 5`"); v != nil {
		repeat.Times = p.whole(v, "times", 1, maxRounds)
	}
	if v := f.get("until"); v != nil {
		repeat.Until = p.cond(v)
	}
	repeat.Then = p.then(f)
	return repeat
}

// keys reads a list of keys without doubles; one alone needs no list.
func (p *parser) keys(n *yaml.Node, what string) []string {
	if n.Kind == yaml.ScalarNode {
		return []string{p.key(n, what)}
	}
	var keys []string
	seen := map[string]bool{}
	for _, item := range p.list(n, what) {
		key := p.key(item, what)
		if seen[key] {
			p.fault(item, quote(key)+" stands twice", "keep one of them")
			continue
		}
		seen[key] = true
		keys = append(keys, key)
	}
	return keys
}

func (p *parser) consent(n *yaml.Node) *ConsentStep {
	consent := &ConsentStep{}
	f := p.fields(n, "consent", "topic", "is", "reason")
	if f == nil {
		return consent
	}
	if v := f.need("topic", "add which topic, such as `topic: offers`"); v != nil {
		p.names("topics", v)
		if consent.Topic = p.key(v, "the topic"); consent.Topic == TopicTransactional {
			p.fault(v, "transactional mail hangs on no consent", "name a topic that customers agree to")
		}
	}
	if v := f.need("is", "add what it becomes: `is: withdrawn`, `given` or `confirmed`"); v != nil {
		consent.Is = Consent(p.word(v, "is", "given", "withdrawn", "confirmed"))
	}
	if v := f.get("reason"); v != nil {
		consent.Reason = p.name(v, "the reason")
	}
	return consent
}

func (p *parser) suppress(n *yaml.Node) string {
	f := p.fields(n, "suppress", "reason")
	if f == nil {
		return ""
	}
	v := f.need("reason", "add why, such as `reason: never opens anything`")
	if v == nil {
		return ""
	}
	return p.name(v, "the reason")
}

func (p *parser) pause(n *yaml.Node) *PauseStep {
	pause := &PauseStep{}
	f := p.fields(n, "pause", "topics", "for")
	if f == nil {
		return pause
	}
	if v := f.need("topics", "add which, such as `topics: [offers]`"); v != nil {
		pause.Topics = p.keys(v, "the topic")
		p.names("topics", v)
	}
	if v := f.need("for", "add for how long, such as `for: 30d`"); v != nil {
		pause.For = p.duration(v, "for")
	}
	return pause
}
