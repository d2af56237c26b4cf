package candor.hub;

import candor.BadInput;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;

/**
 * Which files of a repository come: weights as safetensors, settings, tokenizers, templates, texts and data. Never what may run code when
 * it is read: pickles, programs, archives.
 */
final class Wanted {
    private static final Set<String> TEXTS = Set.of("json", "jinja", "txt", "md");
    private static final Set<String> OF_MODELS = Set.of("safetensors");
    private static final Set<String> OF_DATA = Set.of("jsonl", "ndjson", "json", "csv", "parquet");
    private static final Set<String> TABLES = Set.of("tsv");
    private static final Set<String> PACKED = Set.of("gz", "zst");

    /** Files without a dot that tell what one may do with the others. */
    private static final Set<String> TERMS = Set.of("license", "licence", "notice", "copying");

    /** What pickled weights are called. */
    private static final Set<String> PICKLES = Set.of("bin", "pt", "pth", "ckpt", "pkl", "pickle");

    /** SentencePiece's files by the names that tokenizers have: others that end in .model are pickles as often as not. */
    private static final Pattern SENTENCE_PIECES =
            Pattern.compile("(?:.*[._-])?(?:tokenizer|spiece|spm|sentencepiece)(?:\\.bpe)?\\.model(?:\\.v\\d{1,3})?");

    /** Weights by the names that loaders look for. */
    private static final Pattern USUAL_WEIGHTS =
            Pattern.compile("(?:.*/)?(?:model|adapter_model)(?:-\\d{5}-of-\\d{5})?\\.safetensors");

    private Wanted() {}

    /**
     * Those of a repository's files that come.
     *
     * @param includes globs, each of which takes files and folders below ({@code *} any characters, as Hugging Face's tools have it);
     *     empty for what is of use by default
     * @throws BadInput where nothing comes, in words
     */
    static List<RepoFile> of(RepoName repo, List<RepoFile> files, List<String> includes) {
        List<RepoFile> safe = files.stream().filter(file -> isSafe(file.path())).toList();
        List<RepoFile> chosen;
        if (includes.isEmpty()) {
            chosen = repo.kind() == RepoKind.MODEL ? ofModel(safe) : safe;
        } else {
            Predicate<String> included = included(includes);
            chosen = safe.stream().filter(file -> included.test(file.path())).toList();
            requireSome(repo, files, chosen, included, includes);
        }
        if (chosen.isEmpty()) {
            throw new BadInput(repo + ": has no file that Candor takes" + holds(files) + "; see "
                    + "README.md for what models and data may be");
        }
        chosen.forEach(file -> RepoFile.checkPath(repo.name(), file.path()));
        return chosen;
    }

    private static void requireSome(
            RepoName repo,
            List<RepoFile> files,
            List<RepoFile> chosen,
            Predicate<String> included,
            List<String> globs) {
        if (!chosen.isEmpty()) {
            return;
        }
        List<String> unsafe =
                files.stream().map(RepoFile::path).filter(included).toList();
        if (unsafe.isEmpty()) {
            throw new BadInput(repo + ": has no file " + String.join(" or ", globs) + holds(files));
        }
        throw new BadInput(repo + ": " + unsafe.getFirst()
                + " is not downloaded: only safetensors, JSON, tokenizers, templates, texts and data are; a pickle or"
                + " a program may run code when it is read");
    }

    /** The folder itself, without those that others keep there; of weights that are there twice, the usual ones. */
    private static List<RepoFile> ofModel(List<RepoFile> files) {
        List<RepoFile> here =
                files.stream().filter(file -> !file.path().contains("/")).toList();
        boolean usual = here.stream().anyMatch(file -> isUsual(file.path()));
        return here.stream()
                .filter(file -> !usual || !file.path().endsWith(".safetensors") || isUsual(file.path()))
                .toList();
    }

    private static boolean isUsual(String path) {
        return USUAL_WEIGHTS.matcher(path).matches();
    }

    /**
     * Refuses a model whose weights are not among what comes.
     *
     * @param files of the repository, all of them
     */
    static void requireWeights(RepoName repo, List<RepoFile> files) {
        refuseOtherWeights(repo, files);
        if (files.stream().noneMatch(Wanted::isWeights)) {
            throw new BadInput(repo + ": has no weights as safetensors" + holds(files));
        }
    }

    private static boolean isWeights(RepoFile file) {
        return file.path().endsWith(".safetensors");
    }

    /** Refuses a model that has weights, but in other forms alone. */
    static void refuseOtherWeights(RepoName repo, List<RepoFile> files) {
        if (files.stream().anyMatch(Wanted::isWeights)) {
            return;
        }
        List<String> names = files.stream().map(RepoFile::path).toList();
        String pickle = names.stream()
                .filter(name -> PICKLES.contains(ending(name)))
                .findFirst()
                .orElse(null);
        if (pickle != null) {
            throw new BadInput(repo + ": has its weights as pickles alone (" + pickle
                    + "), which may run code when they are read; take a repository or a revision with safetensors (the"
                    + " Hub's own conversion offers one as @refs/pr/N, listed under \"Community\" of its page)");
        }
        String gguf = names.stream()
                .filter(name -> name.endsWith(".gguf"))
                .findFirst()
                .orElse(null);
        if (gguf != null) {
            throw new BadInput(repo + ": has no weights as safetensors, but as GGUF (" + gguf
                    + "); take the repository that it was made from");
        }
    }

    /** Whether a file is of a kind that is read as data and as nothing else. */
    static boolean isSafe(String path) {
        String name = path.substring(path.lastIndexOf('/') + 1).toLowerCase(Locale.ROOT);
        if (path.startsWith(".") || path.contains("/.")) {
            return false; // settings of git and of editors, which may name programs to run
        }
        String ending = bareEnding(name);
        return TERMS.contains(name)
                || TEXTS.contains(ending)
                || OF_MODELS.contains(ending)
                || OF_DATA.contains(ending)
                || TABLES.contains(ending)
                || SENTENCE_PIECES.matcher(name).matches();
    }

    /** Whether a file holds rows that Candor reads. */
    static boolean isData(String path) {
        return OF_DATA.contains(bareEnding(path));
    }

    /** Without that of a compressed file. */
    private static String bareEnding(String path) {
        String ending = ending(path);
        return PACKED.contains(ending) ? ending(path.substring(0, path.length() - ending.length() - 1)) : ending;
    }

    private static String ending(String path) {
        String name = path.substring(path.lastIndexOf('/') + 1).toLowerCase(Locale.ROOT);
        int dot = name.lastIndexOf('.');
        return dot < 0 ? "" : name.substring(dot + 1);
    }

    /** As fnmatch has them, which huggingface_hub goes by: a star takes slashes, too, and a folder all that is in it. */
    private static Predicate<String> included(List<String> globs) {
        List<Pattern> patterns = globs.stream().map(Wanted::pattern).toList();
        return path ->
                patterns.stream().anyMatch(pattern -> pattern.matcher(path).matches());
    }

    private static Pattern pattern(String glob) {
        String whole = glob.endsWith("/") ? glob + "*" : glob;
        StringBuilder regex = new StringBuilder();
        for (int at = 0; at < whole.length(); at++) {
            int c = whole.codePointAt(at);
            int close = c == '[' ? whole.indexOf(']', at + (whole.startsWith("!", at + 1) ? 3 : 2)) : -1;
            if (close > 0) {
                String set = whole.substring(at + 1, close).replaceAll("[\\\\\\[\\]&^]", "\\\\$0");
                regex.append('[').append(set.replaceFirst("^!", "^")).append(']');
                at = close;
            } else {
                regex.append(c == '*' ? ".*" : c == '?' ? "." : Pattern.quote(Character.toString(c)));
                at += Character.charCount(c) - 1;
            }
        }
        try {
            return Pattern.compile(regex.toString());
        } catch (PatternSyntaxException e) {
            throw new BadInput("--include " + glob + ": is not a glob (" + e.getDescription() + ")", e);
        }
    }

    /** "; it holds a, b and 3 more". */
    static String holds(List<RepoFile> files) {
        if (files.isEmpty()) {
            return ": it is empty";
        }
        String first = files.stream().limit(4).map(RepoFile::path).collect(Collectors.joining(", "));
        return "; it holds " + first + (files.size() > 4 ? " and " + (files.size() - 4) + " more" : "");
    }
}
