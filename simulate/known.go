package simulate

import (
	"bytes"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"perennial/journey"
)

// Known is a customer as she was recorded. An enrollment that she is in now is left out: the journey is played from its
// beginning.
func Known(r journey.Recorded) Persona {
	p := Persona{Customer: r.Customer, Account: r.Account, Suppressed: r.Suppressed, History: slices.Clone(r.Events)}
	for _, past := range r.Past {
		if !past.Active {
			p.Past = append(p.Past, past)
		}
	}
	return p
}

// ParsePersona reads a customer as scenarios write her. The error is a *Fault.
func ParsePersona(name string, src []byte, start time.Time) (Persona, error) {
	var p person
	decoder := yaml.NewDecoder(bytes.NewReader(src))
	decoder.KnownFields(true)
	if err := decoder.Decode(&p); err != nil {
		return Persona{}, journey.Faultf(journey.CodeInvalid, "reading customer %s: %v", name, err)
	}
	return p.persona(start), nil
}

// Agreed lets her agree to every topic of the journey, where nothing is said of topics.
func (p Persona) Agreed(def *journey.Definition) Persona {
	if len(p.Customer.Consents) > 0 {
		return p
	}
	p.Customer.Consents = map[string]journey.Consent{def.Topic: journey.ConsentGiven}
	for topic := range def.Declares.Topics {
		p.Customer.Consents[topic] = journey.ConsentGiven
	}
	return p
}
