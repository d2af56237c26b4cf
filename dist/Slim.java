import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Copies jars without the native libraries of other systems, which are two thirds of what some of them weigh:
 * {@code java Slim.java OS ARCH FOLDER JAR…}, with OS and ARCH as {@code uname} says them.
 *
 * <p>A library is another system's where a folder above it is one of the names that jars give systems and processors, and is
 * another than this system's or this processor's. What cannot be told apart by that stays, entries of folders too: programs list what is in them.
 */
final class Slim {
    private static final Pattern LIBRARY = Pattern.compile("(?i).*\\.(so|so\\.[\\d.]+|dll|dylib|jnilib|a)");
    private static final List<Set<String>> SYSTEMS = List.of(
            Set.of("linux"),
            Set.of("darwin", "mac", "macos", "osx"),
            Set.of("win", "win32", "windows"),
            Set.of("aix"),
            Set.of("freebsd"),
            Set.of("openbsd"),
            Set.of("dragonflybsd"),
            Set.of("sunos"),
            Set.of("android"));
    private static final List<Set<String>> PROCESSORS = List.of(
            Set.of("x86_64", "amd64", "x64"),
            Set.of("aarch64", "arm64"),
            Set.of("x86", "i386"),
            Set.of("arm", "armel", "armv6", "armv7"),
            Set.of("ppc"),
            Set.of("ppc64"),
            Set.of("ppc64le"),
            Set.of("mips64", "mips64el"),
            Set.of("loongarch64"),
            Set.of("riscv64"),
            Set.of("s390x"),
            Set.of("sparc"),
            Set.of("sparcv9"));

    private Slim() {}

    public static void main(String[] args) throws IOException {
        String system = args[0].toLowerCase(Locale.ROOT);
        String processor = args[1].toLowerCase(Locale.ROOT);
        for (String jar : List.of(args).subList(3, args.length)) {
            Path from = Path.of(jar);
            copy(from, Path.of(args[2]).resolve(from.getFileName()), system, processor);
        }
    }

    private static void copy(Path from, Path to, String system, String processor) throws IOException {
        try (ZipFile in = new ZipFile(from.toFile());
                OutputStream file = Files.newOutputStream(to);
                ZipOutputStream out = new ZipOutputStream(file)) {
            for (ZipEntry entry : in.stream().toList()) {
                if (others(entry.getName(), system, processor)) {
                    continue;
                }
                ZipEntry copy = new ZipEntry(entry.getName());
                copy.setLastModifiedTime(FileTime.fromMillis(entry.getTime()));
                out.putNextEntry(copy);
                in.getInputStream(entry).transferTo(out);
                out.closeEntry();
            }
        }
    }

    /** Whether an entry is a library of another system. */
    static boolean others(String name, String system, String processor) {
        int folders = name.lastIndexOf('/');
        if (folders < 0 || !LIBRARY.matcher(name).matches()) {
            return false;
        }
        // linux-x86-64 of one library is x86_64 of the others.
        String path = name.substring(0, folders).toLowerCase(Locale.ROOT).replace("x86-64", "x86_64");
        List<String> words = List.of(path.split("[/-]"));
        return other(SYSTEMS, words, system) || other(PROCESSORS, words, processor);
    }

    private static boolean other(List<Set<String>> kinds, List<String> words, String own) {
        return kinds.stream()
                .filter(kind -> words.stream().anyMatch(kind::contains))
                .anyMatch(kind -> !kind.contains(own));
    }
}
