package journey_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"perennial/journey"
)

// A line that was refused only when it was to be applied is written as it was read, column by column, so that it can be sent again.
func TestCellsOfARefusedLine(t *testing.T) {
	t.Parallel()
	i := journey.Import{Columns: []journey.ImportColumn{
		{Header: "Mail", To: journey.ImportEmail}, {Header: "Nr", To: journey.ImportUser}, {Header: "Offers", To: "topic:offers"},
		{Header: "Points", To: "points", Kind: journey.ImportNumber}, {Header: "VIP", To: "vip", Kind: journey.ImportYesNo}, {Header: "Internal"},
		{Header: "attributes", To: journey.ImportAttributes}, {Header: "City", To: "city"},
	}}
	line := journey.ImportLine{UserID: "u1", Traits: map[string]any{"email": "ada@example.com", "topics": map[string]any{"offers": false},
		"topics_wording": "Yes", "points": 1234567.5, "vip": true, "tier": "top"}}
	assert.Equal(t, []string{"ada@example.com", "u1", "no", "1234567.5", "yes", "", `{"tier":"top"}`, ""}, i.Cells(line))
	line.Fields = []string{"ada", "as it stood"}
	assert.Equal(t, line.Fields, i.Cells(line))
	assert.Empty(t, i.Cells(journey.ImportLine{}))
}
