/* Two nodes, one leader: core/operations/lead.ts and core/leadership/fenced-store.ts. A node may stand still anywhere and go on later.
 * Held: what a task of a leader writes, it writes in its own term; one rotation that is due happens once. */

#define TICKS 4
#define LEADS_FOR 1      /* by the store's clock, exclusive */
#define TURNS 3          /* of each node */

byte now = 0;
/* The rows: who leads and in which term; until when; the keys. */
byte leader = 255, term = 0, fence = 0, until = 0;
byte ring = 0;           /* version of the keys' row */
byte rotations = 0;
bool due = true;
byte swept = 0;

proctype node(byte me) {
  byte v, t, mine = 0, atFence = 0, held, k = 0, seen; bool wanted;
  do
  :: k < TURNS -> k++;
    /* lead(): one snapshot, one compare-and-set of the fence's row. */
    d_step { v = fence; t = now; held = until };
    if
    :: d_step { leader == me && fence == v -> until = t + LEADS_FOR; mine = term; atFence = fence }
    :: d_step { leader != me && fence == v && t >= held ->
         leader = me; term++; fence++; until = t + LEADS_FOR; mine = term; atFence = fence }
    :: d_step { leader != me && t < held -> mine = 0 }
    :: d_step { fence != v -> mine = 0 }
    fi;
    if
    :: mine != 0 ->
      /* tend: reads the keys, decides, and commits under the fence that its term knows. */
      d_step { seen = ring; wanted = due };
#ifdef LOOKS_BEFORE
      /* The end of the lease is looked at, and the commit comes later. */
      if :: now < until && leader == me -> skip :: else -> wanted = false fi;
#endif
      if
      :: wanted ->
        atomic {
          if
#if defined(NO_FENCE) || defined(LOOKS_BEFORE)
          :: ring == seen ->
#else
          :: ring == seen && fence == atFence ->
#endif
            assert(leader == me && term == mine);
            rotations++; ring++; due = false;
            assert(rotations == 1)
          :: else -> skip    /* conflict, or deposed: nothing was written */
          fi
        }
      :: else -> skip
      fi;
      /* sweep: writes rows of its own, under the fence alone. */
      atomic {
        if
#if defined(NO_FENCE) || defined(LOOKS_BEFORE)
        :: true ->
#else
        :: fence == atFence ->
#endif
          assert(leader == me && term == mine); swept = 1
        :: else -> skip
        fi
      }
    :: else -> skip
    fi;
    d_step { v = 0; t = 0; held = 0; seen = 0; wanted = false }
  :: k == TURNS -> break
  od
}

proctype clock() {
  do
  :: now < TICKS -> now++
  :: now == TICKS -> break
  od
}

init { atomic { run node(0); run node(1); run clock() } }
