package wire

import (
	"errors"
	"math"
	"strconv"
	"time"
)

// Time is a time in an answer: seconds since 1970 as a whole number or with a
// fraction, or null, which is the zero time.
type Time time.Time

var errNotATime = errors.New("a time is not a number of seconds")

// maxSeconds is the end of the year 9999, the last year that time.Time can marshal.
const maxSeconds = 253402300799

// UnmarshalJSON reads seconds and rounds them to milliseconds.
func (t *Time) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*t = Time{}
		return nil
	}
	seconds, err := strconv.ParseFloat(string(data), 64)
	if err != nil || math.Abs(seconds) > maxSeconds {
		return errNotATime
	}
	*t = Time(time.UnixMilli(int64(math.Round(seconds * 1000))).UTC())
	return nil
}

// formatTime returns t in Unix seconds, with milliseconds if there are any.
func formatTime(t time.Time) string {
	if t.UnixMilli()%1000 == 0 {
		return strconv.FormatInt(t.Unix(), 10)
	}
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64)
}
