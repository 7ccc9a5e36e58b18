import { render } from 'preact';
import { App } from './app';
import './style/base.css';
import './style/frame.css';
import './style/parts.css';

render(<App />, document.getElementById('root')!);
