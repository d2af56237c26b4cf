package candor.hub;

import candor.BadInput;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Which files of a data set are meant by its name alone, or by the name of a file or folder in it. */
final class DataFiles {
    /** JSON about the data, which is none itself. */
    private static final Set<String> ABOUT =
            Set.of("dataset_infos.json", "dataset_info.json", "dataset_dict.json", "config.json", "state.json");

    private static final int MOST_SHOWN = 12;

    private DataFiles() {}

    /**
     * One file, or the parts of one table.
     *
     * @param paths of all files of the repository
     * @throws BadInput with the files to choose from, where it is not clear which are meant
     */
    static List<String> of(RepoName repo, List<String> paths, Split split) {
        List<String> data = paths.stream().filter(DataFiles::holdsRows).sorted().toList();
        String path = repo.path();
        if (data.contains(path)) {
            return List.of(path);
        }
        if (paths.contains(path)) {
            throw new BadInput(repo + ": is not a file of data; give one of " + shown(repo, data));
        }
        List<String> within = path.isEmpty()
                ? data
                : data.stream().filter(each -> each.startsWith(path + "/")).toList();
        if (within.isEmpty()) {
            throw new BadInput(
                    data.isEmpty()
                            ? repo.whole() + ": has no JSONL, JSON, CSV or Parquet files; " + paths.size() + " others"
                            : repo.whole() + ": has no " + path + "; give one of " + shown(repo, data));
        }
        // Below the folder that was named, whose own name may have a word of a split in it.
        int skipped = path.isEmpty() ? 0 : path.length() + 1;
        List<String> names =
                within.stream().map(each -> each.substring(skipped)).toList();
        List<String> of = split.of(names);
        List<String> meant = !of.isEmpty() ? of : names.stream().anyMatch(Split::saysAny) ? List.of() : names;
        if (meant.isEmpty() || meant.stream().map(DataFiles::table).distinct().count() != 1) {
            throw new BadInput(repo + ": has several files; give one of " + shown(repo, within));
        }
        return meant.stream()
                .map(each -> path.isEmpty() ? each : path + "/" + each)
                .toList();
    }

    private static boolean holdsRows(String path) {
        String name = path.substring(path.lastIndexOf('/') + 1);
        return Wanted.isSafe(path) && Wanted.isData(path) && !ABOUT.contains(name);
    }

    /** The path without the number of a part: what the parts of a table have in common. */
    private static String table(String path) {
        return path.replaceFirst("-\\d{5}-of-(\\d{5})(?=\\.)", "-of-$1");
    }

    private static String shown(RepoName repo, List<String> paths) {
        return paths.stream()
                        .limit(MOST_SHOWN)
                        .map(path -> new RepoName(repo.kind(), repo.name(), repo.revision(), path).toString())
                        .collect(Collectors.joining(", "))
                + (paths.size() > MOST_SHOWN ? " and " + (paths.size() - MOST_SHOWN) + " more" : "");
    }
}
