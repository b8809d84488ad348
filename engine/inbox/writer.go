package inbox

import (
	"fmt"
	"os"
)

// writeLoop is the only goroutine that writes. It takes whatever is queued and makes it durable with one fsync, so
// that many connections share the cost of one: a group commit.
func (s *store) writeLoop() {
	defer close(s.done)
	var buf []byte
	for w := range s.queue {
		batch := s.batch(w)
		var err error
		buf, err = s.commit(buf[:0], batch)
		for _, w := range batch {
			w.result <- err
		}
		if cap(buf) > 4*s.segmentMax {
			buf = nil // one huge batch should not be remembered for ever
		}
	}
}

// batch gathers what is waiting, up to a segment's worth. A wish to delete everything stands alone.
func (s *store) batch(first *write) []*write {
	batch, size := []*write{first}, len(first.body)
	for size < s.segmentMax && !batch[len(batch)-1].all {
		select {
		case w, ok := <-s.queue:
			if !ok {
				return batch
			}
			batch, size = append(batch, w), size+len(w.body)
		default:
			return batch
		}
	}
	return batch
}

func (s *store) commit(buf []byte, batch []*write) ([]byte, error) {
	records := batch
	empty := batch[len(batch)-1].all
	if empty {
		records = batch[:len(batch)-1]
	}
	buf, err := s.writeRecords(buf, records)
	if err == nil && empty {
		err = s.empty()
	}
	return buf, err
}

func (s *store) writeRecords(buf []byte, records []*write) ([]byte, error) {
	if len(records) == 0 {
		return buf, nil
	}
	// Only this goroutine changes segments, so that it may read them without the lock.
	if s.segments[len(s.segments)-1].size > int64(s.segmentMax) {
		if err := s.begin(); err != nil {
			return buf, err
		}
	}
	seg := s.segments[len(s.segments)-1]
	for _, w := range records {
		var err error
		if buf, err = encode(buf, w.head, w.body); err != nil {
			return buf, err
		}
		w.offset = seg.size + int64(len(buf)-len(w.body))
	}
	if err := appendDurably(seg, buf); err != nil {
		return buf, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	seg.size += int64(len(buf))
	for _, w := range records {
		s.apply(w.head, seg, w.offset)
	}
	s.trim()
	return buf, nil
}

func (s *store) begin() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.nextSegment()
}

// appendDurably leaves the file as it was when it cannot do all of it: a full disk refuses mail, and damages none.
func appendDurably(seg *segment, buf []byte) error {
	_, err := seg.file.WriteAt(buf, seg.size)
	if err == nil {
		err = seg.file.Sync()
	}
	if err != nil {
		_ = seg.file.Truncate(seg.size)
		return fmt.Errorf("writing to the inbox: %w", err)
	}
	return nil
}

// empty begins a new segment and removes the others. A crash in the middle leaves some messages: harmless.
func (s *store) empty() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.segments
	if err := s.nextSegment(); err != nil {
		return err
	}
	s.segments = s.segments[len(old):]
	s.order, s.byID = nil, map[string]*entry{}
	for _, seg := range old {
		_ = seg.file.Close()
		if err := os.Remove(seg.path); err != nil {
			return fmt.Errorf("emptying the inbox: %w", err)
		}
	}
	return syncDir(s.dir)
}
