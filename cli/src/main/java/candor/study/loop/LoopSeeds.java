package candor.study.loop;

import candor.io.Sha256;

/** Random numbers as functions of a seed and of names: they depend on no order in which things happen. */
final class LoopSeeds {
    private LoopSeeds() {}

    static long of(long seed, String... names) {
        return new Sha256().add(seed + "\0" + String.join("\0", names)).leading();
    }
}
