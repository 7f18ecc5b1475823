/* The life of the signing keys (core/keys/key-set.ts, spec/keys.md) before a verifier on the feed, a resource server that remembers the
 * JWKS, and a node that signs with a ring that it read before. Held: one active and one next key, always; no live token is called one of
 * an unknown key; what a compromised key signed is refused by whoever has applied the change. */

#define KEYS 4
#define CACHE 1          /* ticks for which a JWKS may be remembered */
#define LIFE 1           /* ticks that a token lives */
#define STALL 1          /* ticks between a node's reading of the ring and its signature, at most (NODE-8) */
#define TICKS 4
#define TOKENS 1
#define ABSENT 255

mtype = { isNone, isNext, isActive, isRetiring, isRemoved, isCompromised };
mtype state[KEYS] = isNone;
byte publishedAt[KEYS], goneAfter[KEYS];
byte now = 0, used = 0, versions = 0, publishedIn[KEYS];
byte activeKey = 0, nextKey = 1;

/* What each reader knows: a bit for each key. */
byte onFeed = 0, feedVersion = 0, cached = 0, cachedAt = 0;

byte tokenKey[TOKENS] = ABSENT, tokenEnds[TOKENS];
byte sealed = 0;         /* bits: compromised */

#define BIT(k) (1 << (k))
#define IS_PUBLISHED(k) (state[k] == isNext || state[k] == isActive || state[k] == isRetiring)

inline published(set) {
  set = 0;
  for (i : 0 .. KEYS - 1) {
    if
#ifdef UNPUBLISHED_NEXT
    :: state[i] == isActive || state[i] == isRetiring -> set = set | BIT(i)
#elif defined(COMPROMISED_KEPT)
    :: IS_PUBLISHED(i) || state[i] == isCompromised -> set = set | BIT(i)
#else
    :: IS_PUBLISHED(i) -> set = set | BIT(i)
#endif
    :: else -> skip
    fi
  }
  i = 0
}

inline fresh(k) { state[k] = isNext; publishedAt[k] = now; publishedIn[k] = versions; nextKey = k; used = k }

/* A rotation of which nothing speaks against it, and its change in one commit. */
inline rotate() {
  d_step {
    (used + 1 < KEYS
#ifndef TOO_FRESH
      && now >= publishedAt[nextKey] + CACHE
#endif
#ifndef NOBODY_ASKED
      && feedVersion >= publishedIn[nextKey]
#endif
    )
    -> versions++;
#ifdef NO_OVERLAP
    state[activeKey] = isRemoved;
#else
    state[activeKey] = isRetiring; goneAfter[activeKey] = now + STALL + LIFE;
#endif
    state[nextKey] = isActive; activeKey = nextKey; fresh(used + 1)
  }
}

/* tend: a retiring key goes when its last token has expired. */
inline drop() {
  d_step {
    for (i : 0 .. KEYS - 1) {
      if
      :: state[i] == isRetiring && now >= goneAfter[i] -> state[i] = isRemoved; versions++
      :: else -> skip
      fi
    }
    i = 0
  }
}

inline compromise() {
  d_step {
    used + 2 < KEYS -> versions++;
    state[activeKey] = isCompromised; sealed = sealed | BIT(activeKey);
    state[nextKey] = isActive; activeKey = nextKey; fresh(used + 1)
  }
}

proctype ring() {
  byte i;
  do
  :: rotate()
  :: drop()
#ifdef COMPROMISE
  :: compromise()
#endif
  :: now == TICKS -> break
  od
}

/* A node reads the ring, and signs a while later, if the while is short enough. */
proctype signer() {
  byte k, at, n = 0;
  do
  :: n < TOKENS ->
    d_step { k = activeKey; at = now };
    atomic {
      if
#ifdef NEVER_STALLED
      :: true ->
#else
      :: now <= at + STALL ->
#endif
        tokenKey[n] = k; tokenEnds[n] = now + LIFE
      :: else -> skip       /* stalled: 503 */
      fi;
      n++
    }
  :: n == TOKENS -> break
  :: now == TICKS -> break
  od
}

/* Complete sets in their order; a lease only with the version that the head names. */
proctype feedVerifier() {
  byte i, j;
  do
  :: d_step { published(onFeed); feedVersion = versions }
  :: d_step {
       j = 0;
       do
       :: j < TOKENS ->
         if
         :: tokenKey[j] != ABSENT && now < tokenEnds[j] && feedVersion == versions ->
           assert((onFeed & BIT(tokenKey[j])) != 0 || (sealed & BIT(tokenKey[j])) != 0);
           assert((onFeed & BIT(tokenKey[j])) == 0 || (sealed & BIT(tokenKey[j])) == 0)
         :: tokenKey[j] != ABSENT && now < tokenEnds[j] && feedVersion < versions ->
           assert((onFeed & BIT(tokenKey[j])) != 0 || (sealed & BIT(tokenKey[j])) != 0 || sealed != 0)
         :: else -> skip
         fi;
         j++
       :: j == TOKENS -> break
       od;
       j = 0
     }
  :: now == TICKS -> break
  od
}

/* Remembers the JWKS for as long as it may, and fetches it again. */
proctype resourceServer() {
  byte i, j;
  do
  :: d_step { published(cached); cachedAt = now }
  :: d_step {
       now < cachedAt + CACHE ->
       j = 0;
       do
       :: j < TOKENS ->
         assert(tokenKey[j] == ABSENT || now >= tokenEnds[j] || (cached & BIT(tokenKey[j])) != 0 || sealed != 0);
         j++
       :: j == TOKENS -> break
       od;
       j = 0
     }
  :: now == TICKS -> break
  od
}

proctype clock() {
  do
  :: now < TICKS -> now++
  :: now == TICKS -> break
  od
}

#define ONE_OF_EACH (state[activeKey] == isActive && state[nextKey] == isNext && activeKey != nextKey)

init {
  byte i;
  d_step {
    state[0] = isActive; state[1] = isNext; used = 1;
    published(onFeed); published(cached)
  }
  atomic { run ring(); run signer(); run feedVerifier(); run resourceServer(); run clock() }
  do
  :: d_step { now < TICKS -> assert(ONE_OF_EACH) }
  :: now == TICKS -> break
  od
}
