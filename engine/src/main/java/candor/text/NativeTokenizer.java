package candor.text;

import ai.djl.huggingface.tokenizers.jni.CharSpan;
import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;

/**
 * The tokenizers library behind its JNI interface. It is called directly, not through its Java front, which copies seven
 * arrays for every text where one or two are wanted. Thread-safe; the native part is freed with this object.
 */
final class NativeTokenizer {
    private static final Cleaner CLEANER = Cleaner.create();

    static {
        // On a machine with CUDA the library would look for a GPU build of itself on the network.
        System.setProperty("RUST_FLAVOR", "cpu");
        System.setProperty("ai.djl.offline", "true");
        LibUtils.checkStatus();
    }

    private final long handle;

    /** @param json the text of tokenizer.json */
    NativeTokenizer(String json) {
        TokenizersLibrary library = TokenizersLibrary.LIB;
        long created = library.createTokenizerFromString(json);
        library.disablePadding(created);
        library.disableTruncation(created);
        CLEANER.register(this, () -> library.deleteTokenizer(created));
        handle = created;
    }

    /** Ids, and where asked for the characters (code points, end exclusive) that each token stands for. */
    record Encoding(long[] ids, CharSpan[] spans) {}

    Encoding encode(String text, boolean addSpecialTokens, boolean withSpans) {
        TokenizersLibrary library = TokenizersLibrary.LIB;
        long encoding = library.encode(handle, text, addSpecialTokens);
        try {
            return new Encoding(library.getTokenIds(encoding), withSpans ? library.getTokenCharSpans(encoding) : null);
        } finally {
            library.deleteEncoding(encoding);
            Reference.reachabilityFence(this);
        }
    }

    String decode(long[] ids, boolean skipSpecialTokens) {
        try {
            return TokenizersLibrary.LIB.decode(handle, ids, skipSpecialTokens);
        } finally {
            Reference.reachabilityFence(this);
        }
    }
}
