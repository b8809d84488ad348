package console

import (
	"context"

	"perennial/journey"
	"perennial/journey/liquid"
)

// Liquid says whether the text holds what another product would read.
func (d writingData) Liquid() bool { return liquid.Spoken(d.Text) }

// conversion is what came of turning Liquid into our language.
type conversion struct{ Problems journey.Problems }

// Open counts what could not be converted.
func (c conversion) Open() int { return len(c.Problems.Errors()) }

// convertMessage turns the Liquid of the text into our language. It is kept for her, and not saved.
func convertMessage(ctx context.Context, r *request) (reply, error) {
	text, problems := liquid.Convert("", fromForm(r.form.Get("text")))
	r.form.Set("text", text)
	if err := r.keep(ctx); err != nil {
		return reply{}, err
	}
	answer, err := writingPage(ctx, r)
	if d, is := answer.data.(writingData); is {
		d.Converted = &conversion{problems}
		answer.data = d
	}
	return answer, err
}
