package candor.hub;

/** What a repository holds; adapters are models. */
public enum RepoKind {
    MODEL("model", ""),
    DATASET("dataset", "datasets/");

    private final String word;
    private final String prefix;

    RepoKind(String word, String prefix) {
        this.word = word;
        this.prefix = prefix;
    }

    /** "model" or "data set", for a message. */
    public String said() {
        return this == MODEL ? word : "data set";
    }

    /** As the Hub's interface has it: "models", "datasets". */
    String plural() {
        return word + "s";
    }

    /** What stands before the name in addresses of pages and files. */
    String prefix() {
        return prefix;
    }

    String word() {
        return word;
    }
}
