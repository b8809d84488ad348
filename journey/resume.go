package journey

import (
	"strings"
	"time"
)

// Resuming is what a resume would do if it came now, in each of its ways: shown before one is chosen. Nothing is changed by asking.
type Resuming struct {
	Pauses  []PauseView  `json:"pauses"` // that it would end
	Choices []Resumption `json:"choices"`
}

// Resumption is one way.
type Resumption struct {
	OnResume  OnResume       `json:"on_resume"`
	Words     string         `json:"words"`
	Messages  int            `json:"messages"`           // that fall due
	ByMessage map[string]int `json:"by_message"`         // journey/message to their number
	Over      string         `json:"over,omitempty"`     // the time over which they go out; "" at once
	FirstAt   *time.Time     `json:"first_at,omitempty"` // when the first of them goes, and the last; rates and the order of the lane aside
	LastAt    *time.Time     `json:"last_at,omitempty"`
	Dropped   int            `json:"dropped"`   // that fell due in the pause and will not be sent
	Waiting   int            `json:"waiting"`   // enrollments that send nothing now and go on with what they wait for
	Estimated bool           `json:"estimated"` // the numbers are of an even sample: there are too many to ask each

	Spread time.Duration `json:"-"`
}

// Choice returns the way of that name; false: there is none.
func (r Resuming) Choice(how OnResume) (Resumption, bool) {
	for _, c := range r.Choices {
		if c.OnResume == how {
			return c, true
		}
	}
	return Resumption{}, false
}

// Say puts the way into words, with times in the given zone.
func (r *Resumption) Say(zone *time.Location) {
	var words []string
	if r.Messages == 0 {
		words = append(words, "no message falls due")
	} else {
		falls := " fall due"
		if r.Messages == 1 {
			falls = " falls due"
		}
		words = append(words, r.about()+counted(r.Messages, "message")+falls)
		words = append(words, r.departure(zone)...)
	}
	if r.Dropped > 0 {
		words = append(words, r.about()+counted(r.Dropped, "message")+" will not be sent")
	}
	if r.Waiting > 0 {
		how := "as if there had been no pause"
		if r.OnResume == Keep {
			how = "where it stood"
		}
		words = append(words, "the wait of "+r.about()+counted(r.Waiting, "enrollment")+" goes on "+how)
	}
	r.Words = strings.Join(words, "; ")
}

func (r *Resumption) departure(zone *time.Location) []string {
	it := "they"
	if r.Messages == 1 {
		it = "it"
	}
	switch {
	case r.Over != "" && r.FirstAt != nil:
		return []string{it + " will go out over " + r.Over, "the first at " + r.FirstAt.In(zone).Format("15:04")}
	case r.FirstAt != nil && r.LastAt.After(*r.FirstAt):
		return []string{"the first goes out at " + r.FirstAt.In(zone).Format("15:04") + ", the last by " + TimeWords(*r.LastAt, zone)}
	}
	return []string{it + " will go out at once"}
}

func (r *Resumption) about() string {
	if r.Estimated {
		return "about "
	}
	return ""
}
