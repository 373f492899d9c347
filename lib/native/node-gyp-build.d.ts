declare module "node-gyp-build" {
  const nodeGypBuild: {
    /** The `.node` file of a package, in `build/Release` or `prebuilds`. Throws where there is none. */
    path(packageDirectory: string): string;
  };
  export default nodeGypBuild;
}
