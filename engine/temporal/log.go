package temporal

import (
	"errors"
	"runtime"

	"perennial/engine/logfile"

	"go.temporal.io/server/common/log"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// newLogger writes warnings and worse to file. Temporal logs "fatal" where it gives up and expects the process to
// end there; here that reaches run, which can still shut Postgres down in order.
func newLogger(file *logfile.File, fatal chan<- error) log.Logger {
	core := zapcore.NewCore(zapcore.NewJSONEncoder(log.DefaultZapEncoderConfig), zapcore.AddSync(file), zapcore.WarnLevel)
	return log.NewZapLogger(zap.New(core, zap.WithFatalHook(fatalHook{fatal})))
}

type fatalHook struct{ fatal chan<- error }

// OnWrite implements zapcore.CheckWriteHook. It must not return; ending the goroutine runs its deferred calls.
func (h fatalHook) OnWrite(entry *zapcore.CheckedEntry, fields []zapcore.Field) {
	encoder := zapcore.NewMapObjectEncoder()
	for _, f := range fields {
		f.AddTo(encoder)
	}
	text := entry.Message
	if cause, ok := encoder.Fields["error"].(string); ok {
		text += ": " + cause
	}
	select {
	case h.fatal <- errors.New(text):
	default: // the first reason is the one that counts
	}
	runtime.Goexit()
}
