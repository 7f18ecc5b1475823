/* The feed's lease and the receipt's bound: a verifier that moves between nodes, on connections that lose, delay and repeat frames, and a
 * store whose primary is deposed under one of the nodes (spec/feed.md, spec/receipt.md, spec/primary.md). Held, at every instant at which the
 * verifier decides: what was revoked longer than M ago it refuses, and what a receipt called enforced it refuses. */

#ifndef NODES
#define NODES 2
#endif
#define M 2              /* ticks, exclusive */
#define STORE_LEASE 1
#define TICKS 3
#ifdef DEPOSED
#define CONNECTIONS 1
#else
#define CONNECTIONS 2
#endif
#define PINGS 2
#define NONE 255

mtype = { HELLO, PING, BYE, UPTO, HEAD };
chan toNode[2] = [1] of { mtype, byte, byte, byte };     /* connection, n, applied */
chan toVerifier = [2] of { mtype, byte, byte, byte };    /* connection, n, position */

byte now = 0;
/* The store: the newest position, and what a node reads that reaches the old primary alone. */
byte head = 0, oldHead = 0, promotedAt = NONE, committedAt = NONE;
bool isClaimed = false;
/* The fleet's row of the verifier, with the number of its hello; the furthest that was acknowledged. */
byte member = 0, acknowledged = 0;
/* Of the only node: when the last ping arrived that it has answered, and whether one is being answered. */
byte lastPing = NONE; bool answering = false;

#ifdef DEPOSED
#define IS_OLD(me) (me == 0 && promotedAt != NONE)
#else
#define IS_OLD(me) false
#endif
#ifdef NO_STORE_LEASE
#define HOLDS(me) true
#else
#define HOLDS(me) (!IS_OLD(me) || now < promotedAt + STORE_LEASE)
#endif

#ifdef ROW_LATE
#define MAY_GRANT HOLDS(me)
#else
#define MAY_GRANT (HOLDS(me) && member >= served)
#endif

#define READ(me) (IS_OLD(me) -> oldHead : head)

/* A frame may get lost, or stay and come again. Nobody waits for room: what does not fit is lost. */
inline send(where, what, first, second, third) {
  if
  :: nfull(where) -> where!what(first, second, third)
  :: what == UPTO || what == HEAD || full(where) -> skip
  fi
}

proctype node(byte me) {
  byte served = 0, sent = 0, c, n, a, read, at; mtype kind;
end:
  do
  :: atomic { toNode[me]?kind(c, n, a) ->
       if
       :: kind == BYE ->
#ifdef ANY_BYE
         member = 0
#else
         if :: member == c -> member = 0 :: else -> skip fi
#endif
       :: kind == HELLO -> served = c; sent = 0
       :: kind == PING && c == served ->
         if :: a > acknowledged -> acknowledged = a :: else -> skip fi;
         at = now; answering = true
       :: kind == PING && c != served -> kind = BYE
       fi };
    if
    :: kind == HELLO ->
      /* The row of a hello stands before its first head. A deposed primary confirms no row. */
      atomic {
#ifndef ROW_LATE
        if :: !IS_OLD(me) && served >= member -> member = served :: else -> skip fi;
#endif
        sent = READ(me);
        send(toVerifier, UPTO, served, 0, sent);
        kind = BYE; c = 0; n = 0; a = 0
      }
    :: kind == PING ->
      /* Read after the ping has arrived; that the answer is late, is the channel's. */
#if NODES == 1 && !defined(READS_BEFORE)
      read = READ(me);
#endif
      atomic {
#if NODES > 1 && !defined(READS_BEFORE)
        read = READ(me);
#endif
        if
        :: MAY_GRANT ->
          if
          :: read > sent -> send(toVerifier, UPTO, served, 0, read); sent = read
#ifdef COUNTS_SENDING
            ; acknowledged = read
#endif
          :: else -> skip
          fi;
          send(toVerifier, HEAD, served, n, read); lastPing = at
        :: else -> skip
        fi;
        answering = false; kind = BYE; c = 0; n = 0; a = 0; at = 0;
#ifdef READS_BEFORE
        read = READ(me)
#else
        read = 0
#endif
      }
#ifdef ROW_LATE
      ; atomic { if :: !IS_OLD(me) && served >= member -> member = served :: else -> skip fi }
#endif
    :: else -> d_step { kind = BYE; c = 0; n = 0; a = 0 }
    fi
  :: atomic { served != 0 && HOLDS(me) && READ(me) > sent ->
       sent = READ(me); send(toVerifier, UPTO, served, 0, sent)
#ifdef COUNTS_SENDING
       ; acknowledged = sent
#endif
     }
  od
}

/* What is applied, heard and granted: verifier/src/knowledge.ts and lease.ts. */
inline take() {
  if
#ifdef ANY_NONCE
  :: kind == HEAD && sentAt[m] != NONE ->
#else
  :: kind == HEAD && sentAt[m] != NONE && k == c && sentOn[m] == c && !isGone ->
#endif
    if
#ifdef NO_POSITION
    :: hasView ->
#else
    :: hasView && applied >= p ->
#endif
      if :: lease == NONE || sentAt[m] > lease -> lease = sentAt[m] :: else -> skip fi
    :: else -> skip
    fi
  :: kind == UPTO && k == c && !isGone ->
    hasView = true;
#ifdef PUSH_RENEWS
    if :: lease != NONE -> lease = now :: else -> skip fi;
#endif
    if :: p > applied -> applied = p :: else -> skip fi
  :: else -> skip
  fi;
  k = 0; m = 0; p = 0; kind = BYE
}

#define IS_FRESH (hasView && lease != NONE && now < lease + M)
/* A token that the notice takes away is accepted: only before M is over, and before a receipt has called it enforced. */
#define JUDGED assert(applied >= 1 || committedAt == NONE || (now < committedAt + M && !isClaimed))

proctype verifier() {
  byte c = 0, at = 0, applied = 0, n = 0, k, m, p, lease = NONE, sentAt[PINGS + 1] = NONE, sentOn[PINGS + 1] = 0;
  bool hasView = false, isGone = true; mtype kind = BYE;
end:
  do
  /* Another connection, to any node; frames of the one before may still be on their way. */
  :: atomic { c < CONNECTIONS -> c++; isGone = false;
       if :: at = 0 :: NODES > 1 -> at = 1 fi;
#ifdef ANY_NONCE
       n = 0;
#endif
       send(toNode[at], HELLO, c, 0, applied) }
  :: atomic { !isGone && n < PINGS -> n++; sentAt[n] = now; sentOn[n] = c; send(toNode[at], PING, c, n, applied) }
  :: atomic { !isGone && c < CONNECTIONS -> isGone = true; hasView = false; lease = NONE; send(toNode[at], BYE, c, 0, 0) }
  :: d_step { toVerifier?kind(k, m, p) -> take() }
  :: d_step { toVerifier?<kind(k, m, p)> -> take() }
#ifdef JUDGES_EARLY
  /* The clock is read, and the verdict comes after a wait. */
  :: IS_FRESH -> JUDGED
#else
  :: d_step { IS_FRESH -> JUDGED }
#endif
  od
}

/* The last lease is over: known only where one node serves, and while it answers no ping (RCP-3). */
#ifdef ANSWERING_FORGOTTEN
#define IS_OVER (lastPing != NONE && now >= lastPing + M)
#elif NODES == 1 || defined(TIGHT)
#define IS_OVER (!answering && lastPing != NONE && now >= lastPing + M)
#else
#define IS_OVER false
#endif

/* Revokes once, and reads the receipt whenever it likes. */
proctype operator() {
end:
  d_step { (promotedAt == NONE || now >= promotedAt + STORE_LEASE) -> head = 1; committedAt = now };
  /* receipt.ts: no row, an acknowledgement, or the bound. */
  d_step {
    (member == 0 || acknowledged >= head || now >= committedAt + M || IS_OVER) -> isClaimed = true
  }
}

proctype clock() {
end:
  do
  :: now < TICKS -> now++
#ifdef DEPOSED
  :: d_step { promotedAt == NONE && committedAt == NONE -> oldHead = head; promotedAt = now }
#endif
  od
}

init {
  atomic {
    run node(0); run verifier(); run operator(); run clock();
#if NODES > 1
    run node(1);
#endif
  }
}
