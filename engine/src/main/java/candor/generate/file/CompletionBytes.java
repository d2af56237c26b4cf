package candor.generate.file;

import candor.generate.Completion;
import candor.generate.FinishReason;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** A completion on its way from one process to another. */
final class CompletionBytes {
    private static final int NONE = -1;

    private CompletionBytes() {}

    static byte[] of(Completion completion) {
        byte[] text = completion.text().getBytes(StandardCharsets.UTF_8);
        int[] tokens = completion.tokens();
        float[] logProbs = completion.logProbs();
        int numbers = 4 + tokens.length + (logProbs == null ? 0 : logProbs.length);
        ByteBuffer to = ByteBuffer.allocate(Integer.BYTES * numbers + text.length);
        to.putInt(completion.reason().ordinal()).putInt(text.length).put(text).putInt(tokens.length);
        for (int token : tokens) {
            to.putInt(token);
        }
        to.putInt(logProbs == null ? NONE : logProbs.length);
        for (int i = 0; logProbs != null && i < logProbs.length; i++) {
            to.putFloat(logProbs[i]);
        }
        return to.array();
    }

    static Completion read(byte[] bytes) {
        ByteBuffer from = ByteBuffer.wrap(bytes);
        FinishReason reason = FinishReason.values()[from.getInt()];
        byte[] text = new byte[from.getInt()];
        from.get(text);
        int[] tokens = new int[from.getInt()];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = from.getInt();
        }
        int count = from.getInt();
        float[] logProbs = count == NONE ? null : new float[count];
        for (int i = 0; i < count; i++) {
            logProbs[i] = from.getFloat();
        }
        return new Completion(tokens, new String(text, StandardCharsets.UTF_8), logProbs, reason);
    }
}
