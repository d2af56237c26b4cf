package candor.report;

import candor.BadInput;
import candor.io.AtomicFile;
import candor.io.IoReason;
import candor.report.html.DataTable;
import candor.report.html.Element;
import candor.report.html.FileLink;
import candor.report.html.Node;
import candor.report.html.Page;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A report: one HTML file that needs no server, no network and no script, and beside it a folder with each of its tables, and all
 * replies, as CSV.
 */
public final class Report {
    /** Behind the page's name without its ending: the folder of its CSV files. */
    static final String TABLES = "-tables";

    /** What files in that folder are named by us; others are left alone. */
    private static final String OURS = "[a-z0-9-]+\\.csv(\\.partial)?";

    private static final String NAME = "report";

    private final List<Part> parts;
    private final Element body;
    private final List<FileLink> links = new ArrayList<>();
    private final List<FileBeside> files = new ArrayList<>();

    private Report(List<Part> parts) {
        this.parts = parts;
        body = ReportBody.of(parts);
        for (Part part : parts) {
            files.addAll(part.files());
            name(part);
        }
    }

    /** Reports on a study's folder, a run's, an evaluation's, or a folder that holds several of them. */
    public static Report of(Path folder) {
        List<Source> sources = Source.in(folder);
        Map<String, Integer> seen = new HashMap<>();
        List<Part> parts = new ArrayList<>();
        for (Source source : sources) {
            int number = seen.merge(source.word(), 1, Integer::sum);
            String name = source.word() + (number == 1 ? "" : "-" + number);
            parts.add(source.part(name, ReplyBrowser.share(sources.size())));
        }
        ProbePart.of(sources.stream()
                        .filter(Source.OfStudy.class::isInstance)
                        .map(source -> ((Source.OfStudy) source).folder())
                        .toList())
                .ifPresent(parts::add);
        return new Report(parts);
    }

    /** Gives every table of a part its file, numbered as they stand. */
    private void name(Part part) {
        int[] number = {0};
        part.nodes()
                .forEach(whole -> whole.each(node -> {
                    switch (node) {
                        case DataTable table -> {
                            FileLink link = new FileLink(
                                    "%s-%03d-%s.csv".formatted(part.name(), ++number[0], slug(table.caption())));
                            table.linked(link);
                            links.add(link);
                            files.add(new FileBeside(link.words(), lines -> lines.accept(table.csv())));
                        }
                        case FileLink link -> links.add(link);
                        case Node other -> {}
                    }
                }));
    }

    /** A caption as the name of a file. */
    static String slug(String caption) {
        String slug = caption.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
        slug = slug.substring(0, Math.min(60, slug.length())).replaceAll("^-|-$", "");
        return slug.isEmpty() ? "table" : slug;
    }

    /** The findings in plain words, one after another; for the terminal. */
    public List<String> findings() {
        return parts.stream()
                .flatMap(part -> part.findings().stream()
                        .map(finding -> (parts.size() == 1 ? "" : part.title() + ": ") + finding.line()))
                .toList();
    }

    /** The whole document, as {@link #write} has it for a file of the usual name. */
    public String html() {
        return html(NAME + TABLES);
    }

    private String html(String tables) {
        links.forEach(link -> link.in(tables));
        ReplyBrowser.Classes classes =
                parts.stream().map(Part::classes).reduce(ReplyBrowser.Classes.NONE, ReplyBrowser.Classes::most);
        return Page.of(
                parts.size() == 1
                        ? parts.getFirst().title()
                        : "Candor: " + Words.count(parts.size(), "report", "reports"),
                classes.rules(),
                body);
    }

    /** The folder of the CSV files of a page: beside it, and named after it. */
    public static Path tables(Path page) {
        String file = page.getFileName().toString();
        int dot = file.lastIndexOf('.');
        return page.resolveSibling((dot > 0 ? file.substring(0, dot) : file) + TABLES);
    }

    /**
     * Writes the CSV files, then the document, which appears whole or not at all. CSV files of an earlier report that this one does
     * not have are removed.
     *
     * @param force whether a file that is there may be written over
     */
    public void write(Path output, boolean force) {
        if (Files.isDirectory(output)) {
            throw new BadInput(output + ": is a folder; name a file, such as " + output.resolve("report.html"));
        }
        Path tables = tables(output);
        for (Path there : List.of(output, tables)) {
            if (Files.exists(there) && !force) {
                throw new BadInput(there + ": exists already; --force overwrites it, --output names another");
            }
        }
        if (Files.exists(tables) && !Files.isDirectory(tables)) {
            throw new BadInput(
                    tables + ": is a file, expected the folder of the tables; move it, or name another" + " --output");
        }
        writeTables(tables);
        AtomicFile.write(output, html(tables.getFileName().toString()).getBytes(StandardCharsets.UTF_8));
    }

    private void writeTables(Path folder) {
        Set<String> names = new HashSet<>();
        try {
            Files.createDirectories(folder);
            for (FileBeside file : files) {
                names.add(file.name());
                Path partial = folder.resolve(file.name() + ".partial");
                try (BufferedWriter out = Files.newBufferedWriter(partial, StandardCharsets.UTF_8)) {
                    file.lines().accept(unchecked(out));
                }
                Files.move(partial, folder.resolve(file.name()), StandardCopyOption.REPLACE_EXISTING);
            }
            try (Stream<Path> there = Files.list(folder)) {
                for (Path old : there.toList()) {
                    String name = old.getFileName().toString();
                    if (name.matches(OURS) && !names.contains(name) && Files.isRegularFile(old)) {
                        Files.delete(old);
                    }
                }
            }
        } catch (IOException e) {
            throw unwritable(folder, e);
        } catch (UncheckedIOException e) {
            throw unwritable(folder, e.getCause());
        }
    }

    private static Consumer<String> unchecked(BufferedWriter out) {
        return line -> {
            try {
                out.write(line);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        };
    }

    private static BadInput unwritable(Path folder, IOException e) {
        return new BadInput(
                folder + ": the tables cannot be written (" + IoReason.of(e) + "); make room, or name another --output",
                e);
    }
}
