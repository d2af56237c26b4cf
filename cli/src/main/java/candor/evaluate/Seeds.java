package candor.evaluate;

import candor.evaluate.ask.Ask;
import candor.evaluate.ask.Prompt;
import candor.evaluate.ask.Sampling;
import candor.io.Sha256;

/**
 * The seed of each reply: a function of the evaluation's seed, the row, and what is asked. The adapter has no part in it, so
 * that what differs between two adapters is not the luck of the draw.
 */
final class Seeds {
    private Seeds() {}

    static Ask apply(Ask ask, long seed, String row) {
        return switch (ask) {
            case Ask.Generate(String key, Prompt prompt, Sampling sampling) ->
                new Ask.Generate(key, prompt, sampling.withSeed(of(seed, row, key)));
            case Ask.Score score -> score;
        };
    }

    private static long of(long seed, String row, String key) {
        return new Sha256().add(seed + "\0" + row + "\0" + key).leading();
    }
}
