package journey

import (
	"strconv"
	"strings"
	"time"
)

// Pausing is what a pause would hold if it began now, in each of its ways: shown before one is chosen. Nothing is changed by asking.
type Pausing struct {
	Inside    int           `json:"inside"`    // enrollments that would stand still
	Hour      int           `json:"hour"`      // messages that fall due within an hour, without it
	Day       int           `json:"day"`       // within a day: what is queued, and of each enrollment what its next decision sends
	Estimated bool          `json:"estimated"` // the numbers are of an even sample: there are too many to ask each
	Asked     int           `json:"asked"`     // enrollments whose next decision was made, to see
	Of        int           `json:"of"`        // that may decide something within a day
	Words     string        `json:"words"`
	Choices   []PauseChoice `json:"choices"`
}

// PauseChoice is one way, for a pause that lasts a day.
type PauseChoice struct {
	OnResume OnResume `json:"on_resume"`
	Words    string   `json:"words"`
}

// Say puts it into words. Wide: the pause holds more than one customer.
func (p *Pausing) Say(wide bool) {
	about := ""
	if p.Estimated {
		about = "about "
	}
	stand := " stand still"
	if p.Inside == 1 {
		stand = " stands still"
	}
	due := "no message is due within a day"
	if p.Day > 0 {
		due = about + counted(p.Day, "message") + " due within a day"
	}
	words := []string{counted(p.Inside, "enrollment") + stand, due}
	if p.Hour > 0 {
		words = append(words, about+counted(p.Hour, "message")+" of them within an hour")
	}
	if p.Of > 0 {
		words = append(words, "of each enrollment its next decision counts, not what comes after that")
	}
	if p.Estimated {
		words = append(words, "reckoned from "+strconv.Itoa(p.Asked)+" of "+counted(p.Of, "enrollment")+" whose turn comes within a day")
	}
	p.Words = strings.Join(words, "; ")
	later := "what is due goes out afterwards, at once"
	if wide && SpreadOf(p.Day) > 0 {
		later = "what is due goes out afterwards, over " + SpanWords(SpreadOf(p.Day))
	}
	p.Choices = []PauseChoice{
		{Keep, "what is due goes out later, by as long as the pause lasted; waits go on where they stood"},
		{CatchUp, later + "; waits end when they would have ended"},
		{Skip, "what is due in the pause is never sent; waits end when they would have ended"},
	}
	if p.Day > 0 {
		p.Choices[2].Words = about + counted(p.Day, "message") + " will not be sent, if it lasts a day; waits end when they would have ended"
	}
}

// PauseHorizon is how far ahead Pausing looks.
const PauseHorizon = 24 * time.Hour
