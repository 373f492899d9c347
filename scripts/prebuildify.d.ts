declare module "prebuildify" {
  interface Options {
    /** The folder whose `build/Release` holds what is to be published. */
    cwd: string;
    /** The folder in which `prebuilds` is made. */
    out: string;
    name: string;
    targets: { runtime: string; target: string }[];
    napi: boolean;
    strip: boolean;
    /** The program that is run to build. */
    nodeGyp: string;
    tagLibc: boolean;
    quiet: boolean;
  }
  export default function prebuildify(options: Options, done: (error?: Error | null) => void): void;
}
