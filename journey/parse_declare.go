package journey

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// declarations reads the maps of topics, pools, surveys and webhooks that the file brings along.
func (p *parser) declarations(f *fields) {
	p.def.Declares = Declarations{Topics: map[string]Topic{}, Pools: map[string]Pool{}, Surveys: map[string]SurveyForm{},
		Segments: map[string]*Cond{}, Webhooks: map[string]Endpoint{}}
	p.segments(f.get("segments"))
	p.each(f.get("topics"), "topics", func(key string, at, n *yaml.Node) {
		if key == TopicTransactional {
			p.fault(at, "the topic transactional is there already", "leave it out")
		}
		p.def.Declares.Topics[key] = p.topic(key, n)
	})
	p.each(f.get("pools"), "pools", func(key string, _, n *yaml.Node) { p.def.Declares.Pools[key] = p.pool(key, n) })
	p.each(f.get("webhooks"), "webhooks", func(key string, _, n *yaml.Node) { p.def.Declares.Webhooks[key] = p.endpoint(key, n) })
	p.each(f.get("surveys"), "surveys", func(key string, at, n *yaml.Node) {
		if IsBuiltInSurvey(key) {
			p.fault(at, fmt.Sprintf("the survey %s is there already", key), "give yours a key of its own, and `kind: "+key+"`")
		}
		p.def.Declares.Surveys[key] = p.surveyForm(key, n)
	})
}

// each calls read for every key of a map of declarations.
func (p *parser) each(n *yaml.Node, what string, read func(key string, at, n *yaml.Node)) {
	if n != nil {
		p.entries(n, what, func(at, value *yaml.Node) { read(p.key(at, "the key"), at, value) })
	}
}

// entries calls read for every entry of a map that is not empty.
func (p *parser) entries(n *yaml.Node, what string, read func(at, value *yaml.Node)) {
	switch {
	case n.Kind != yaml.MappingNode:
		p.fault(n, fmt.Sprintf("%s is %s, not a map", what, kindOf(n)), "write `KEY: { … }` inside it")
	case len(n.Content) == 0:
		p.fault(n, what+" is empty", "put something in, or leave it out")
	}
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		read(n.Content[i], n.Content[i+1])
	}
}

func (p *parser) topic(key string, n *yaml.Node) Topic {
	topic := Topic{Key: key}
	f := p.fields(n, "a topic", "name", "double_opt_in", "cap", "locales")
	if f == nil {
		return topic
	}
	if v := f.need("name", "add what customers call it, such as `name: Offers`"); v != nil {
		topic.Name = p.name(v, "the name")
	}
	if v := f.get("double_opt_in"); v != nil {
		topic.DoubleOptIn = p.boolean(v, "double_opt_in")
	}
	if v := f.get("cap"); v != nil {
		topic.Cap = p.cap(v)
	}
	topic.Names = p.namesIn(f, "name")
	return topic
}

func (p *parser) pool(key string, n *yaml.Node) Pool {
	pool := Pool{Key: key}
	f := p.fields(n, "a pool", "alphabet", "length")
	if f == nil {
		return pool
	}
	alphabet, length := f.get("alphabet"), f.get("length")
	if alphabet != nil {
		pool.Alphabet, _ = p.scalar(alphabet, "alphabet")
	}
	if length != nil {
		pool.Length = p.whole(length, "length", leastCode, mostCode)
	}
	at := map[string]*yaml.Node{"alphabet": alphabet, "length": length}
	for _, fault := range pool.Faults() {
		if fault.Path == "" && alphabet != nil && length != nil {
			continue // one of them cannot be read, which was said
		}
		p.fault(cmp.Or(at[fault.Path], n), fault.Message, fault.Mend)
	}
	if alphabet != nil && math.Pow(float64(utf8.RuneCountInString(pool.Alphabet)), float64(pool.Length)) < 1e9 && length != nil {
		p.warn(n, "the codes of this pool can be guessed: there are fewer than a thousand million", "make them longer")
	}
	return pool
}

func builtInSurveys() []string { return []string{"nps", "csat", "ces"} }

func surveyKeys() []string {
	return []string{"question", "kind", "options", "follow_up", "thanks", "locales"}
}

func (p *parser) surveyForm(key string, n *yaml.Node) SurveyForm {
	form := SurveyForm{Key: key}
	f := p.fields(n, "a survey", surveyKeys()...)
	if f == nil {
		return form
	}
	if v := f.need("question", "add what is asked, such as `question: Why are you leaving?`"); v != nil {
		form.Question = p.text(v, "the question")
	}
	if v := f.need("kind", "add `kind: score`, `choice`, `choices` or `text`"); v != nil {
		form.Kind = p.word(v, "kind", SurveyKinds()...)
	}
	if v := f.get("follow_up"); v != nil {
		form.FollowUp = p.text(v, "follow_up")
	}
	if v := f.get("thanks"); v != nil {
		form.Thanks = p.text(v, "thanks")
	}
	p.options(f, &form)
	p.surveyLocales(f, &form)
	return form
}

func (p *parser) optionless(n *yaml.Node, kind string) {
	p.fault(n, "options do not go with kind "+quote(kind), "leave them out, or write `kind: choice`")
}

// options reads what can be chosen. It may be a list of texts, and goes with choice and choices only.
func (p *parser) options(f *fields, form *SurveyForm) {
	n := f.get("options")
	choosing := form.Kind == "choice" || form.Kind == "choices"
	switch {
	case n == nil && choosing:
		f.need("options", "add what can be chosen, such as `options: [price, quality, other]`")
		return
	case n == nil:
		return
	case !choosing && form.Kind != "":
		p.optionless(n, form.Kind)
		return
	}
	for _, item := range p.list(n, "options") {
		option := p.name(item, "the option")
		if slices.Contains(form.Options, option) {
			p.fault(item, "the option "+quote(option)+" stands twice", "keep one of them")
			continue
		}
		form.Options = append(form.Options, option)
	}
	if len(form.Options) == 1 {
		p.fault(n, "one option leaves no choice", "write two or more")
	}
}
