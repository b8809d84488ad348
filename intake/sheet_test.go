package intake_test

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/intake"
	"perennial/journey"
)

func rowsOf(t *testing.T, text string) ([]string, []intake.Row) {
	t.Helper()
	sheet, err := intake.OpenSheet(strings.NewReader(text))
	require.NoError(t, err)
	var rows []intake.Row
	for {
		row, err := sheet.Next()
		if errors.Is(err, io.EOF) {
			return sheet.Header, rows
		}
		require.NoError(t, err)
		row.Fields = append([]string(nil), row.Fields...)
		rows = append(rows, row)
	}
}

func TestASheetReadsWhatSpreadsheetsWrite(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"comma":                "E-Mail,Vorname\nada@example.com,\"Ada, of Looms\"\n",
		"semicolon, mark, CR":  "\ufeffE-Mail;Vorname\r\nada@example.com;Ada, of Looms\r\n",
		"tab, no last newline": "E-Mail\tVorname\nada@example.com\tAda, of Looms",
	} {
		header, rows := rowsOf(t, text)
		assert.Equal(t, []string{"E-Mail", "Vorname"}, header, name)
		assert.Equal(t, []intake.Row{{Line: 2, Fields: []string{"ada@example.com", "Ada, of Looms"}}}, rows, name)
	}
}

func TestALineThatIsWrongIsReportedAndTheRestIsRead(t *testing.T) {
	t.Parallel()
	_, rows := rowsOf(t, "email,name\na@example.com\nb@example.com,B,x\nc@example.com,\"two\nlines\"\nd@example.com,a\"b\nf@example.com,\xff\n\ng@example.com,G\n")
	var got []string
	for _, r := range rows {
		got = append(got, r.Reason)
	}
	assert.Equal(t, []string{"it has 1 fields, and the header 2", "it has 3 fields, and the header 2", "",
		`a quote is wrong at column 16 of the line: bare " in non-quoted-field`, "it is not UTF-8; save the file as “CSV UTF-8”", ""}, got)
	assert.Equal(t, int64(9), rows[len(rows)-1].Line, "lines are those that an editor shows")
}

func TestWhatIsNoSheetIsRefused(t *testing.T) {
	t.Parallel()
	for text, code := range map[string]journey.Code{
		"":                                journey.CodeInvalid,
		"\xff\xfee\x00m\x00":              journey.CodeUnsupported,
		"e\x00m\x00a\x00":                 journey.CodeUnsupported,
		"PK\x03\x04workbook":              journey.CodeUnsupported,
		"a,,b\n":                          journey.CodeInvalid,
		"a,a\n":                           journey.CodeInvalid,
		strings.Repeat("a,", 400) + "b":   journey.CodeInvalid,
		"\"" + strings.Repeat("x", 1<<20): journey.CodeInvalid,
	} {
		_, err := intake.OpenSheet(strings.NewReader(text))
		assert.Equal(t, code, journey.CodeOf(err), "%.20q: %v", text, err)
	}
	sheet, err := intake.OpenSheet(strings.NewReader("email\na@example.com\n\"" + strings.Repeat("x\n", 1<<20)))
	require.NoError(t, err)
	_, err = sheet.Next()
	require.NoError(t, err)
	_, err = sheet.Next()
	assert.ErrorContains(t, err, "the line after line 2 does not end", "a quote that is never closed does not fill the memory")
}

func TestColumnsAreRecognised(t *testing.T) {
	t.Parallel()
	columns, problems := intake.Columns([]string{"E-Mail", "Kundennummer", "Vorname", "Punkte", "Newsletter", "Intern", "Lieblings-Farbe"},
		[]string{"points:number=Punkte", "topic:offers=Newsletter", "-=Intern"})
	require.Empty(t, problems)
	var to []string
	for _, c := range columns {
		to = append(to, c.To)
	}
	assert.Equal(t, []string{"email", "user_id", "first_name", "points", "topic:offers", "", "lieblings_farbe"}, to)

	_, problems = intake.Columns([]string{"Farbe", "Mail A", "Mail B"}, []string{"email=Mail A", "email=Mail B", "x=Nichts", "color:hue=Farbe", "Farbe"})
	assert.Len(t, problems, 4, "%v", problems)
	_, problems = intake.Columns([]string{"Farbe"}, nil)
	assert.Contains(t, problems.Error(), "no column says who a customer is")
}

func TestKindsAreGuessedFromTheFirstLines(t *testing.T) {
	t.Parallel()
	columns, problems := intake.Columns([]string{"email", "points", "vip", "zip", "phone", "mixed", "empty", "article"}, nil)
	require.Empty(t, problems)
	intake.GuessKinds(columns, []intake.Row{
		{Fields: []string{"a@example.com", "12", "yes", "1070", "43660", "1", "", "007"}},
		{Fields: []string{"b@example.com", "-3.5", "no", "1080", "43661", "one", "", "12"}},
	})
	var kinds []string
	for _, c := range columns {
		kinds = append(kinds, c.Kind)
	}
	assert.Equal(t, []string{"", "number", "yes_no", "text", "text", "text", "text", "text"}, kinds)
	line := intake.ReadLine(columns, intake.Row{Line: 9, Fields: []string{"A@Example.com", "x", "yes", "", "", "", "", ""}}, "")
	assert.Equal(t, "points is no number", line.Reason)
	assert.Equal(t, "a@example.com", line.Address, "so that erasing her finds the line")
	line = intake.ReadLine(columns, intake.Row{Line: 9, Fields: []string{"A@example.com", "7", "no", "", "'+43", "'=1", "", ""}}, "")
	assert.Empty(t, line.Reason)
	assert.Equal(t, map[string]any{"email": "A@example.com", "points": 7.0, "vip": false, "phone": "+43", "mixed": "=1"}, line.Traits)
}

// FuzzSheet: whatever a file holds, reading it ends, and each line is whole or says why not. What we write we read as it was.
func FuzzSheet(f *testing.F) {
	for _, seed := range []string{"email,name\na@example.com,A\n", "\ufeffa;b\n\"x\n", "a\tb\n1\t2\t3\n", "\xff\xfe", "a,b\n=1,'@x\n", "\"a\"\"b\",c\n,\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sheet, err := intake.OpenSheet(strings.NewReader(text))
		if err != nil {
			return
		}
		columns, problems := intake.Columns(sheet.Header, nil)
		var last int64
		for {
			row, err := sheet.Next()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					assert.Equal(t, journey.CodeInvalid, journey.CodeOf(err), "%v", err)
				}
				return
			}
			assert.Greater(t, row.Line, last)
			last = row.Line
			if row.Reason == "" {
				assert.Len(t, row.Fields, len(sheet.Header))
				var b strings.Builder
				w := csv.NewWriter(&b)
				for _, cell := range row.Fields {
					escaped := journey.EscapeCell(cell)
					if escaped != "" && !strings.ContainsAny(escaped[:1], "-0123456789") {
						assert.NotContains(t, "=+@\t\r", escaped[:1])
					}
				}
				require.NoError(t, w.Write(row.Fields))
			}
			if len(problems) == 0 {
				line := intake.ReadLine(columns, row, "")
				assert.True(t, line.Reason != "" || line.Address != "" || line.UserID != "")
			}
		}
	})
}
