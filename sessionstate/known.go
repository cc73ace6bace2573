package sessionstate

import (
	"hash/maphash"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// idHash is the SHA-256 of a session ID. It identifies a session.
type idHash = [32]byte

// known records for this process which sessions have ended, which are suspected of having
// ended, and which the API has confirmed. Values of type time.Duration are times of the
// State's clock. Expiry times are in seconds since 1970.
type known struct {
	maxEnded, maxConfirmed int
	shards                 [shardCount]shard

	sessions  atomic.Int64 // the number of ended sessions in all shards
	suspected atomic.Int64 // the number of suspect sessions
	perUser   [4096]atomic.Int32
	seed      maphash.Seed

	userCount atomic.Int64 // len(users), readable without the lock
	usersMu   sync.RWMutex
	users     map[string]userEnding
}

// shardCount is large enough that requests rarely wait for each other.
const shardCount = 32

type shard struct {
	mu        sync.RWMutex
	ended     map[idHash]ending
	suspects  map[idHash]suspicion
	confirmed map[idHash]time.Duration // when the request was sent to the API
}

// ending records that a session has ended.
type ending struct {
	until int64
	user  uint64 // the hash of the user's ID, 0 if it is not known
}

// suspicion records that a session is suspected of having ended.
type suspicion struct {
	until int64
	since time.Duration
}

// userEnding means that a user's tokens are refused if they were issued no later than the
// time in before.
type userEnding struct{ before, until int64 }

func newKnown(maxEnded, maxConfirmed int) *known {
	k := &known{maxEnded: maxEnded, maxConfirmed: maxConfirmed, seed: maphash.MakeSeed(), users: map[string]userEnding{}}
	for i := range k.shards {
		k.shards[i] = shard{ended: map[idHash]ending{}, suspects: map[idHash]suspicion{}, confirmed: map[idHash]time.Duration{}}
	}
	return k
}

func (k *known) shard(hash *idHash) *shard { return &k.shards[hash[0]%shardCount] }

// knowledge is what is known about one session.
type knowledge struct {
	ended       bool
	suspect     bool
	suspectFrom time.Duration
	confirmed   time.Duration
	hasAnswer   bool // confirmed is set; otherwise confirmed is 0, the start of the process
}

// about returns what is known about a session whose token was issued at issuedAt.
func (k *known) about(hash *idHash, userID string, issuedAt int64) (found knowledge) {
	s := k.shard(hash)
	s.mu.RLock()
	if len(s.ended) > 0 {
		_, found.ended = s.ended[*hash]
	}
	if len(s.suspects) > 0 {
		var suspect suspicion
		suspect, found.suspect = s.suspects[*hash]
		found.suspectFrom = suspect.since
	}
	if len(s.confirmed) > 0 {
		found.confirmed, found.hasAnswer = s.confirmed[*hash]
	}
	s.mu.RUnlock()
	if !found.ended && k.userCount.Load() > 0 {
		k.usersMu.RLock()
		ending, ok := k.users[userID]
		k.usersMu.RUnlock()
		found.ended = ok && issuedAt <= ending.before
	}
	return found
}

// end records that a session has ended. isNew reports whether the end was not known
// before, and forgot whether another ended session was removed to make room.
func (k *known) end(hash idHash, userID string, until int64) (isNew, forgot bool) {
	s := k.shard(&hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	k.trust(s, hash)
	delete(s.confirmed, hash)
	old, isOld := s.ended[hash]
	next := ending{max(until, old.until), old.user}
	if next.user == 0 && userID != "" {
		next.user = k.userHash(userID)
		k.perUser[next.user%uint64(len(k.perUser))].Add(1)
	}
	if !isOld {
		forgot = k.makeRoom(s)
		k.sessions.Add(1)
	}
	s.ended[hash] = next
	return !isOld, forgot
}

// suspect records that a session may have ended. isNew reports whether the suspicion was
// not known before.
func (k *known) suspect(hash idHash, since time.Duration, until int64) (isNew, forgot bool) {
	s := k.shard(&hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ended := s.ended[hash]; ended {
		return false, false
	}
	old, isOld := s.suspects[hash]
	if !isOld {
		forgot = k.makeRoomForSuspect(s)
		k.suspected.Add(1)
	}
	if isOld && since-old.since < sameReport {
		since = old.since // this is the same report again, for example through the Log
	}
	s.suspects[hash] = suspicion{max(until, old.until), since}
	return !isOld || since != old.since, forgot
}

// confirm records that the API has confirmed a session. asked is when the request was
// sent. The confirmation ends a suspicion that is older than settleTime.
func (k *known) confirm(hash idHash, asked time.Duration) {
	s := k.shard(&hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ended := s.ended[hash]; ended {
		return // the session has ended since the request was sent
	}
	if suspect, ok := s.suspects[hash]; ok && asked-suspect.since >= settleTime {
		k.trust(s, hash)
	}
	if _, isOld := s.confirmed[hash]; !isOld && len(s.confirmed) >= max(1, k.maxConfirmed/shardCount) {
		for any := range s.confirmed { // in random order
			delete(s.confirmed, any)
			break
		}
	}
	s.confirmed[hash] = asked
}

// endUser records that sessions of a user have ended.
func (k *known) endUser(userID string, before, until int64) (isNew, forgot bool) {
	k.usersMu.Lock()
	defer k.usersMu.Unlock()
	old, isOld := k.users[userID]
	next := userEnding{max(before, old.before), max(until, old.until)}
	if !isOld && len(k.users) >= k.maxEnded {
		first, earliest := "", int64(math.MaxInt64)
		for id, ending := range k.users {
			if ending.until < earliest {
				first, earliest = id, ending.until
			}
		}
		delete(k.users, first)
		forgot = true
	}
	k.users[userID] = next
	k.userCount.Store(int64(len(k.users)))
	return next != old, forgot
}

// isFull reports whether a list with n entries has no room for another one.
func (k *known) isFull(n *atomic.Int64) bool { return n.Load() >= int64(k.maxEnded) }

// makeRoom removes the ended session that expires first, if the list is full. It searches
// only one shard, because hashes are spread evenly.
func (k *known) makeRoom(s *shard) bool {
	if !k.isFull(&k.sessions) || len(s.ended) == 0 {
		return false
	}
	k.forget(s, earliest(s.ended, func(e ending) int64 { return e.until }))
	return true
}

// makeRoomForSuspect is like makeRoom, but for suspicions. Suspicions have their own
// list, so that a sender of made-up webhooks cannot displace ended sessions.
func (k *known) makeRoomForSuspect(s *shard) bool {
	if !k.isFull(&k.suspected) || len(s.suspects) == 0 {
		return false
	}
	k.trust(s, earliest(s.suspects, func(e suspicion) int64 { return e.until }))
	return true
}

// earliest returns the session that expires first.
func earliest[E any](list map[idHash]E, until func(E) int64) (first idHash) {
	least := int64(math.MaxInt64)
	for hash, e := range list {
		if until(e) < least {
			first, least = hash, until(e)
		}
	}
	return first
}

// trust removes a suspicion from a shard, if there is one.
func (k *known) trust(s *shard, hash idHash) {
	if _, ok := s.suspects[hash]; ok {
		delete(s.suspects, hash)
		k.suspected.Add(-1)
	}
}

// forget removes an ended session from a shard.
func (k *known) forget(s *shard, hash idHash) {
	if user := s.ended[hash].user; user != 0 {
		k.perUser[user%uint64(len(k.perUser))].Add(-1)
	}
	delete(s.ended, hash)
	k.sessions.Add(-1)
}

// expire removes entries that have expired at now, and answers of the API that are older
// than oldest.
func (k *known) expire(now int64, oldest time.Duration) {
	for i := range k.shards {
		s := &k.shards[i]
		s.mu.Lock()
		for hash, ended := range s.ended {
			if ended.until < now {
				k.forget(s, hash)
			}
		}
		for hash, suspect := range s.suspects {
			if suspect.until < now {
				k.trust(s, hash)
			}
		}
		for hash, asked := range s.confirmed {
			if asked < oldest {
				delete(s.confirmed, hash)
			}
		}
		s.mu.Unlock()
	}
	k.usersMu.Lock()
	defer k.usersMu.Unlock()
	for id, ending := range k.users {
		if ending.until < now {
			delete(k.users, id)
		}
	}
	k.userCount.Store(int64(len(k.users)))
}

// entries returns the number of entries in the list.
func (k *known) entries() int {
	return int(k.sessions.Load() + k.suspected.Load() + k.userCount.Load())
}

func (k *known) userHash(userID string) uint64 {
	return max(1, maphash.String(k.seed, userID))
}

// endedOf returns how many ended sessions of a user are in the list, at most maxPerUser.
func (k *known) endedOf(userID string) int {
	user := k.userHash(userID)
	// Several users share this counter. While it is small, no exact count is needed.
	if n := int(k.perUser[user%uint64(len(k.perUser))].Load()); n < maxPerUser {
		return n
	}
	n := 0
	for i := range k.shards {
		s := &k.shards[i]
		s.mu.RLock()
		for _, ended := range s.ended {
			if ended.user == user {
				n++
			}
		}
		s.mu.RUnlock()
	}
	return min(n, maxPerUser)
}

// all returns the list as entries of a Log, without suspicions.
func (k *known) all() []Ended {
	var list []Ended
	for i := range k.shards {
		s := &k.shards[i]
		s.mu.RLock()
		for hash, ended := range s.ended {
			list = append(list, Ended{Session: hash, Until: time.Unix(ended.until, 0)})
		}
		s.mu.RUnlock()
	}
	k.usersMu.RLock()
	defer k.usersMu.RUnlock()
	for id, ending := range k.users {
		list = append(list, Ended{UserID: id, Before: time.Unix(ending.before, 0), Until: time.Unix(ending.until, 0)})
	}
	return list
}
