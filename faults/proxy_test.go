package faults_test

import (
	"bufio"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"perennial/faults"
)

// echo answers every line with itself, and the end of the stream with "bye".
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if _, err := io.Copy(conn, conn); err == nil {
					_, _ = io.WriteString(conn, "bye\n")
				}
			}()
		}
	}()
	return l.Addr().String()
}

type talk struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func dial(t *testing.T, p *faults.Proxy) *talk {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return &talk{t, conn, bufio.NewReader(conn)}
}

func (k *talk) say(line string) {
	k.t.Helper()
	_, err := io.WriteString(k.conn, line+"\n")
	require.NoError(k.t, err)
}

func (k *talk) hear(within time.Duration) (string, error) {
	require.NoError(k.t, k.conn.SetReadDeadline(time.Now().Add(within)))
	return k.in.ReadString('\n')
}

// turnedAway is what a newcomer sees of a reset: connecting ends with it when the reset is there before the dialer has looked at
// its new connection, otherwise the first read does. Which of the two comes is up to the scheduler.
func turnedAway(p *faults.Proxy) error {
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 1))
	return err
}

func TestProxyPassesAndEnds(t *testing.T) {
	t.Parallel()
	k := dial(t, faults.To(t, echo(t)))
	k.say("hello")
	got, err := k.hear(5 * time.Second)
	require.NoError(t, err)
	require.Equal(t, "hello\n", got)
	require.NoError(t, k.conn.(*net.TCPConn).CloseWrite())
	got, err = k.hear(5 * time.Second)
	require.NoError(t, err)
	require.Equal(t, "bye\n", got, "a half-closed connection still answers")
	_, err = k.hear(5 * time.Second)
	require.ErrorIs(t, err, io.EOF)
}

func TestBlackHoleSaysNothingUntilItIsHealed(t *testing.T) {
	t.Parallel()
	p := faults.To(t, echo(t))
	k := dial(t, p)
	p.BlackHole()
	k.say("hello")
	_, err := k.hear(100 * time.Millisecond)
	require.ErrorContains(t, err, "timeout")
	p.Heal()
	got, err := k.hear(5 * time.Second)
	require.NoError(t, err)
	require.Equal(t, "hello\n", got)
}

func TestResetCutsAndRefuseTurnsAway(t *testing.T) {
	t.Parallel()
	p := faults.To(t, echo(t))
	k := dial(t, p)
	k.say("hello")
	_, err := k.hear(5 * time.Second)
	require.NoError(t, err)
	p.Reset()
	_, err = k.hear(5 * time.Second)
	require.ErrorContains(t, err, "reset")

	p.Refuse()
	require.ErrorContains(t, turnedAway(p), "reset")
	require.Equal(t, 1, p.Refused())
	p.Heal()
	k = dial(t, p)
	k.say("again")
	_, err = k.hear(5 * time.Second)
	require.NoError(t, err)
}

func TestLatencyDelaysEachWay(t *testing.T) {
	t.Parallel()
	p := faults.To(t, echo(t))
	k := dial(t, p)
	p.Latency(30 * time.Millisecond)
	began := time.Now()
	k.say("hello")
	_, err := k.hear(5 * time.Second)
	require.NoError(t, err)
	require.GreaterOrEqual(t, time.Since(began), 60*time.Millisecond)
}
