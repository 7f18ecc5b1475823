/* One family of refresh tokens: what spec/refresh-token.md rules, under clients that race, lose answers and come back late, a thief, and
 * a stranger. models/README.md says what each step stands for. Held: at most one live child of a generation (P4), reuse found at any age
 * (P5), and without a thief nobody logged out (P6). */

#define LAST 6           /* the newest generation that is made */
#ifndef RETRY
#define RETRY 1          /* windows in ticks, exclusive at their end */
#endif
#define RECOVERY 3
#define TICKS 4
#if defined(THIEF) || defined(LOSS)
#define TABS 1
#else
#define TABS 2
#endif
#ifdef LOSS
#define OWNER_ASKS 3     /* of each tab */
#else
#define OWNER_ASKS 2
#endif
#define THIEF_ASKS 3

/* The row. The predecessor is remembered with one older generation, instead of three. */
byte version = 0, cur = 1, pred = 0, predAt = 0, rotatedAt = 0, older = 0, olderAt = 0;
bool ended = false;
byte now = 0;

/* Not in the system: what is true, whatever the row remembers. */
byte supersededAt[LAST + 2] = 255, parentOf[LAST + 2] = 0, madeAt[LAST + 2] = 0;
bool displaced[LAST + 2] = false;

/* What the owner's device keeps, and how many of its questions are under way. */
byte stored = 1, asking = 0;
bool alone = false;

mtype = { rotated, retried, recovered, superseded, reused, isEnded, unknown, misbound };

/* core/sessions/refresh-outcome.ts, on one snapshot: version v, clock t. */
inline rule(g) {
  d_step {
    v = version; t = now;
    if
    :: ended -> o = isEnded
    :: !ended && g >= cur -> o = rotated
#ifndef NO_RETRY
    :: !ended && g < cur && g == pred && t < rotatedAt + RETRY -> o = retried
#endif
#ifndef NO_RECOVERY
    :: !ended && g < cur && g == pred && t >= rotatedAt + RETRY && t < predAt + RECOVERY -> o = recovered
#endif
#ifdef ANY_AGE
    :: !ended && g < cur && g != pred && g == older -> o = superseded
#else
    :: !ended && g < cur && g != pred && g == older && t < olderAt + RETRY -> o = superseded
#endif
    :: else -> o = reused
    fi
  }
}

/* core/store/change.ts: nothing is written where the row is another one by now; then it is read again. */
inline present(g, got) {
  got = 0;
  do
  :: rule(g);
    atomic {
      if
#ifdef NO_COMPARE
      :: true ->
#else
      :: o == retried || o == superseded || o == isEnded || version == v ->
#endif
        if
        :: o == rotated ->
#ifndef LOSS
          assert(g + 1 > cur);
          assert(parentOf[g + 1] == 0 && !displaced[g]);
#endif
          older = pred; olderAt = predAt; pred = g; predAt = t; rotatedAt = t; cur = g + 1; version++;
          parentOf[g + 1] = g; madeAt[g + 1] = t; supersededAt[g] = t; got = g + 1
        :: o == retried ->
#ifndef LOSS
          assert(!displaced[g] && t < madeAt[cur] + RETRY);
#endif
#ifdef EXTENDS
          rotatedAt = t;
#endif
          got = cur
        :: o == recovered ->
#ifndef LOSS
          assert(!displaced[g] && t < supersededAt[g] + RECOVERY);
          assert(parentOf[cur] == g && supersededAt[cur] == 255);
#endif
          displaced[cur] = true;
#ifdef KEEPS_DISPLACED
          older = cur; olderAt = t;
#endif
          cur++; rotatedAt = t; version++; parentOf[cur] = g; madeAt[cur] = t; got = cur
        :: o == superseded ->
#ifndef LOSS
          assert(!displaced[g] && t < supersededAt[g] + RETRY)
#else
          skip
#endif
        :: o == reused -> ended = true; version++
        :: o == isEnded -> skip
        fi;
        o = unknown;
        break
      :: else -> skip
      fi
    }
  od
}

/* Of the two, one at most may be made by its holder at a time: a full family ends the run. */
#define ROOM (cur < LAST && stored < LAST)

/* What its owner's device may be answered after the retry window: a second tab that asks meanwhile may be taken for a thief, which
 * docs/guides/simulation.md sets aside (second_tab_after_window). */
#define IS_LATE (stored < cur && now >= rotatedAt + RETRY)
#if defined(TABS_COME_BACK) || defined(THIEF)
#define MAY_ASK true
#else
#define MAY_ASK (asking == 0 || (!alone && !IS_LATE))
#endif

/* A tab: asks with what the device keeps, and keeps the answer if the device still keeps what was asked with. */
proctype tab() {
  byte sent, got, v, t, k = 0; mtype o = unknown;
  do
  :: atomic { k < OWNER_ASKS && ROOM && MAY_ASK -> k++; alone = IS_LATE; sent = stored; asking++ };
    present(sent, got);
    atomic {
      if
      :: got != 0 && stored == sent -> stored = got
      :: got != 0 && stored != sent -> skip
      :: true -> skip            /* the answer is lost */
      fi;
#if !defined(THIEF)
      assert(!ended);
#endif
      got = 0; sent = 0; asking--
    }
  :: k == OWNER_ASKS -> break
  :: !ROOM -> break
  od
}

#ifdef THIEF
/* Copies what the device keeps, once, and asks whenever it likes. */
proctype thief() {
  byte loot, got, v, t, k = 0; mtype o = unknown;
  atomic { loot = stored };
  do
  :: atomic { k < THIEF_ASKS && ROOM && loot < LAST -> k++ };
    present(loot, got);
    atomic { if :: got != 0 -> loot = got :: else -> skip fi; got = 0 }
  :: k == THIEF_ASKS -> break
  :: !ROOM || loot >= LAST -> break
  od
}
#endif

/* Forged tokens, and genuine ones shown by another client: refused before the row is judged. */
proctype stranger() {
  byte before; bool was; mtype o;
  atomic {
    before = version; was = ended;
    if
    :: o = unknown
    :: o = misbound
    fi;
#ifdef STRANGER_ENDS
    if :: o == misbound -> ended = true; version++ :: else -> skip fi;
#endif
    assert(version == before && ended == was)
  }
}

#ifdef LOSS
/* The store goes back to an earlier row, once. */
proctype loss() {
  byte c, p, pa, r, ol, oa;
  d_step { c = cur; p = pred; pa = predAt; r = rotatedAt; ol = older; oa = olderAt };
  d_step { !ended -> cur = c; pred = p; predAt = pa; rotatedAt = r; older = ol; olderAt = oa; version++ }
}
#endif

/* A question of the owner's takes less than a retry window, and whose answer was lost asks again within the recovery window. */
#ifdef THIEF
#define MAY_PASS true
#else
#define MAY_PASS (asking == 0 && (stored >= cur || now + 1 < predAt + RECOVERY))
#endif

proctype clock() {
end:
  do
  :: atomic { now < TICKS && MAY_PASS -> now++ }
  :: now == TICKS -> break
  :: cur >= LAST -> break
  od
}

init {
  atomic {
    run tab(); run stranger();
#if TABS == 2
    run tab();
#endif
    run clock();
#ifdef THIEF
    run thief();
#endif
#ifdef LOSS
    run loss();
#endif
  }
}
