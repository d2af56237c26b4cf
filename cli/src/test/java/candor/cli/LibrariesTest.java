package candor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPathConstants;
import javax.xml.xpath.XPathFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** The table of libraries in ARCHITECTURE.md, held against the poms: each has its line there, with its version and a reason. */
class LibrariesTest {
    private static final Path ROOT =
            Path.of(System.getProperty("basedir", ".")).toAbsolutePath().getParent();

    /** A row: what for, the library and its version, why. */
    private static final Pattern ROW = Pattern.compile("(?m)^\\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\|$");

    private static final Pattern LIBRARY = Pattern.compile("`([^`]+)` (\\S+)");

    @Test
    void theTableHasWhatThePomsHave() throws Exception {
        Map<String, String> versions = versions(pom(ROOT.resolve("pom.xml")));
        TreeSet<String> used = new TreeSet<>();
        for (Path file : poms()) {
            for (Element dependency : elements(pom(file), "/project/dependencies/dependency")) {
                String group = text(dependency, "groupId");
                if (!group.equals("candor")) {
                    used.add(text(dependency, "artifactId") + " "
                            + version(versions, group, text(dependency, "artifactId")));
                }
            }
        }
        assertThat(used).hasSizeGreaterThan(15);
        assertThat(table()).containsExactlyElementsOf(used);
    }

    @Test
    void everyReasonSaysSomething() throws Exception {
        assertThat(rows().map(row -> row.group(3))).allMatch(reason -> reason.split(" ").length >= 3);
    }

    private static TreeSet<String> table() throws Exception {
        List<String> libraries = rows().map(row -> LIBRARY.matcher(row.group(2)))
                .filter(Matcher::matches)
                .map(library -> library.group(1) + " " + library.group(2))
                .toList();
        assertThat(libraries).doesNotHaveDuplicates();
        return new TreeSet<>(libraries);
    }

    private static Stream<Matcher> rows() throws Exception {
        String page = Files.readString(ROOT.resolve("ARCHITECTURE.md"));
        return page.substring(page.indexOf("## Libraries"))
                .lines()
                .map(ROW::matcher)
                .filter(Matcher::matches)
                .skip(1); // the columns' names
    }

    private static List<Path> poms() throws Exception {
        List<Path> poms = new ArrayList<>(List.of(ROOT.resolve("pom.xml")));
        for (Element module : elements(pom(poms.getFirst()), "//modules/module")) {
            poms.add(ROOT.resolve(module.getTextContent()).resolve("pom.xml"));
        }
        return poms;
    }

    /** By "group:artifact"; "group" alone is of a bill of materials. */
    private static Map<String, String> versions(Document root) throws Exception {
        Map<String, String> versions = new HashMap<>();
        for (Element managed : elements(root, "/project/dependencyManagement/dependencies/dependency")) {
            String version = text(managed, "version");
            if (version.startsWith("${")) {
                List<Element> property =
                        elements(root, "/project/properties/" + version.substring(2, version.length() - 1));
                version = property.isEmpty() ? version : property.getFirst().getTextContent();
            }
            boolean bill = managed.getElementsByTagName("scope").getLength() > 0
                    && text(managed, "scope").equals("import");
            versions.put(text(managed, "groupId") + (bill ? "" : ":" + text(managed, "artifactId")), version);
        }
        return versions;
    }

    private static String version(Map<String, String> versions, String group, String artifact) {
        String version = versions.get(group + ":" + artifact);
        for (String parent = group; version == null && parent.contains("."); ) {
            version = versions.get(parent);
            parent = parent.substring(0, parent.lastIndexOf('.'));
        }
        assertThat(version).as("the version of %s:%s", group, artifact).isNotNull();
        return version;
    }

    private static Document pom(Path file) throws Exception {
        return DocumentBuilderFactory.newDefaultInstance().newDocumentBuilder().parse(file.toFile());
    }

    private static List<Element> elements(Document pom, String path) throws Exception {
        NodeList nodes =
                (NodeList) XPathFactory.newDefaultInstance().newXPath().evaluate(path, pom, XPathConstants.NODESET);
        return IntStream.range(0, nodes.getLength())
                .mapToObj(i -> (Element) nodes.item(i))
                .toList();
    }

    private static String text(Element element, String child) {
        return element.getElementsByTagName(child).item(0).getTextContent();
    }
}
