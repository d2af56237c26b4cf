/** The whole story on the tiny world that comes with the program: its data, the studies, their report, in minutes. */
package candor.quickstart;
