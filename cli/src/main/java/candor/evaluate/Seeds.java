package candor.evaluate;

import candor.evaluate.ask.Ask;
import candor.evaluate.ask.Prompt;
import candor.evaluate.ask.Sampling;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

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
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update((seed + "\0" + row + "\0" + key).getBytes(StandardCharsets.UTF_8));
            return ByteBuffer.wrap(digest.digest()).getLong();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
