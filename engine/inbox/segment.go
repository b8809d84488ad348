package inbox

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// A segment is a file of records, appended to and never changed:
//
//	4 bytes  "PMSG"
//	4 bytes  length of the head, big endian
//	4 bytes  length of the body
//	4 bytes  CRC-32 of head and body
//	head     JSON: a summary of a message, or the ids of deleted ones
//	body     the message as received (empty for a deletion)
type segment struct {
	number int
	path   string
	file   *os.File
	size   int64
	live   int // messages in it that are still shown
}

const (
	magic      = "PMSG"
	prefixSize = 16
	headMax    = 4 << 20
)

// head is the JSON part of a record.
type head struct {
	Message *Summary `json:"message,omitempty"`
	Deleted []string `json:"deleted,omitempty"`
}

func segmentPath(dir string, number int) string {
	return filepath.Join(dir, fmt.Sprintf("%06d.messages", number))
}

func createSegment(dir string, number int) (*segment, error) {
	path := segmentPath(dir, number)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("beginning a segment: %w", err)
	}
	if err := syncDir(dir); err != nil { // or the file may be gone after a power cut, whole
		_ = f.Close()
		return nil, fmt.Errorf("beginning a segment: %w", err)
	}
	return &segment{number: number, path: path, file: f}, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// encode appends one record to buf.
func encode(buf []byte, h head, body []byte) ([]byte, error) {
	text, err := json.Marshal(h)
	if err != nil {
		return buf, err
	}
	sum := crc32.Update(crc32.ChecksumIEEE(text), crc32.IEEETable, body)
	buf = append(buf, magic...)
	buf = binary.BigEndian.AppendUint32(buf, uint32(len(text)))
	buf = binary.BigEndian.AppendUint32(buf, uint32(len(body)))
	buf = binary.BigEndian.AppendUint32(buf, sum)
	return append(append(buf, text...), body...), nil
}

// errTorn marks the place where a crash cut a record off.
var errTorn = errors.New("the record is cut off or damaged")

// record reads the record at offset; next is the offset behind it. The body is read only to check it.
func (s *segment) record(offset int64, check bool) (h head, body, next int64, err error) {
	var prefix [prefixSize]byte
	if _, err := s.file.ReadAt(prefix[:], offset); err != nil {
		return h, 0, 0, errTorn
	}
	headLen := int64(binary.BigEndian.Uint32(prefix[4:]))
	bodyLen := int64(binary.BigEndian.Uint32(prefix[8:]))
	body = offset + prefixSize + headLen
	next = body + bodyLen
	if string(prefix[:4]) != magic || headLen > headMax || next > s.size {
		return h, 0, 0, errTorn
	}
	text := make([]byte, headLen)
	if _, err := s.file.ReadAt(text, offset+prefixSize); err != nil {
		return h, 0, 0, errTorn
	}
	if check {
		sum := crc32.NewIEEE()
		_, _ = sum.Write(text)
		_, err := io.Copy(sum, io.NewSectionReader(s.file, body, bodyLen))
		if err != nil || sum.Sum32() != binary.BigEndian.Uint32(prefix[12:]) {
			return h, 0, 0, errTorn
		}
	}
	if err := json.Unmarshal(text, &h); err != nil {
		return h, 0, 0, errTorn
	}
	return h, body, next, nil
}

// openSegments opens what is in dir, oldest first.
func openSegments(dir string) ([]*segment, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.messages"))
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	var all []*segment
	for _, path := range paths {
		s := &segment{path: path}
		if _, err := fmt.Sscanf(filepath.Base(path), "%d.messages", &s.number); err != nil {
			continue
		}
		if s.file, err = os.OpenFile(path, os.O_RDWR, 0o600); err != nil {
			return nil, fmt.Errorf("opening a segment: %w", err)
		}
		info, err := s.file.Stat()
		if err != nil {
			return nil, fmt.Errorf("opening a segment: %w", err)
		}
		s.size = info.Size()
		all = append(all, s)
	}
	return all, nil
}
