package candor.train.distributed;

import candor.comm.Communicator;

/**
 * Who computes which passes of a step: each process neighbours, as many as any other or one more. The passes are there before they
 * are dealt out, so that it changes nothing in what is computed.
 *
 * @param passes of the step
 * @param size   how many processes there are
 */
public record Division(int passes, int size) {
    /** Among these processes. */
    public static Division of(int passes, Communicator among) {
        return new Division(passes, among.size());
    }

    /** The first pass of a process. */
    public int from(int rank) {
        return (int) ((long) passes * rank / size);
    }

    /** The pass behind its last one. */
    public int to(int rank) {
        return from(rank + 1);
    }

    /** Who computes a pass. */
    public int owner(int pass) {
        for (int rank = 0; rank < size; rank++) {
            if (pass < to(rank)) {
                return rank;
            }
        }
        throw new IllegalArgumentException("pass " + pass + " of " + passes);
    }
}
