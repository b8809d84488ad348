package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// brokenEvery is how many lines there are for each that cannot be taken.
const brokenEvery = 1000

// sheet is a file of customers whose every line follows from its number.
type sheet struct {
	path  string
	lines int
	size  int64
}

var columns = []string{"user_id", "email", "first_name", "last_name", "plan", "points", "topic:offers"}

// cells are those of line n, from 1.
func cells(n int) []string {
	return []string{"u" + strconv.Itoa(n), fmt.Sprintf("person%d@example.com", n), []string{"Ada", "Bob", "Cem", "Dia", "Eve"}[n%5],
		fmt.Sprintf("Name%d", n%9973), []string{"free", "pro", "enterprise"}[n%3], strconv.Itoa(n * 31 % 5000), []string{"given", "withdrawn"}[n%2]}
}

func broken(n int) bool { return n%brokenEvery == brokenEvery/2 }

func writeSheet(path string, lines int) (s sheet, err error) {
	file, err := os.Create(path) //nolint:gosec // in a directory of our own
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	to := bufio.NewWriter(file)
	fmt.Fprintln(to, strings.Join(columns, ","))
	for n := 1; n <= lines; n++ {
		c := cells(n)
		if broken(n) {
			c[1] = "nobody"
		}
		fmt.Fprintln(to, strings.Join(c, ","))
	}
	if err := to.Flush(); err != nil {
		return s, err
	}
	info, err := file.Stat()
	if err != nil {
		return s, err
	}
	return sheet{path: path, lines: lines, size: info.Size()}, nil
}

// good is how many lines can be taken.
func (s sheet) good() int { return s.lines - (s.lines+brokenEvery/2)/brokenEvery }

// sameAs says how an export differs from what was sent in: each customer once, each cell as it was.
func (s sheet) sameAs(path string) error {
	file, err := os.Open(path) //nolint:gosec // in a directory of our own
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read
	from := csv.NewReader(bufio.NewReader(file))
	from.ReuseRecord = true
	head, err := from.Read()
	if err != nil {
		return fmt.Errorf("reading the export: %w", err)
	}
	places := make([]int, len(columns))
	for i, name := range columns {
		if places[i] = find(head, name); places[i] < 0 {
			return fmt.Errorf("reading the export: it has no column %s", name)
		}
	}
	seen, count := make([]bool, s.lines+1), 0
	for {
		got, err := from.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("reading the export: %w", err)
		}
		n, err := strconv.Atoi(strings.TrimPrefix(got[places[0]], "u"))
		if err != nil || n < 1 || n > s.lines || seen[n] || broken(n) {
			return fmt.Errorf("comparing the export: %q is nobody who was sent in, or comes twice", got[places[0]])
		}
		seen[n], count = true, count+1
		for i, want := range cells(n) {
			if got[places[i]] != want {
				return fmt.Errorf("comparing the export: %s of u%d was %q and is %q", columns[i], n, want, got[places[i]])
			}
		}
	}
	if count != s.good() {
		return fmt.Errorf("comparing the export: %d customers were sent in, %d came out", s.good(), count)
	}
	return nil
}

// find is slices.Index of a name, past the byte order mark of the first one.
func find(head []string, name string) int {
	for i, h := range head {
		if strings.TrimPrefix(h, "\ufeff") == name {
			return i
		}
	}
	return -1
}
